// Pieces of work, one or several at a time, each in a forked child: what a campaign is made of. A piece that crashes
// ends alone. Children that this process already had when it was executed belong to no piece: they are never waited for
// as one, nor killed. POSIX only, no Asio: called from a process with one thread.
#pragma once

#include "harness/process/signal_fd.hpp"
#include "harness/process/wait_status.hpp"

#include <functional>
#include <map>
#include <sys/types.h>

namespace holdfast::process {

class Crew {
public:
  Crew();
  ~Crew(); ///< sends SIGTERM to the pieces that still work, and waits for their ends
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Runs `work`, whose result is the exit status, under a number that `wait` gives back. It ends when this process
  /// dies. Throws std::runtime_error.
  void start(std::size_t number, const std::function<int()>& work);
  [[nodiscard]] std::size_t busy() const { return working_.size(); }

  struct Ended {
    std::size_t number = 0;
    WaitStatus status;
  };
  /// Waits for the next piece that ends. Passes SIGINT, SIGTERM and SIGHUP on to all pieces meanwhile. Must be called
  /// only while `busy()` is not 0.
  [[nodiscard]] Ended wait();
  /// True once a signal has asked this process to end; the pieces that work have been sent it.
  [[nodiscard]] bool interrupted();

private:
  void note(int signal);
  SignalFd signals_;
  std::map<pid_t, std::size_t> working_;
  bool interrupted_ = false;
};

} // namespace holdfast::process
