// Pieces of work, one or several at a time, each in a process of its own: what a campaign is made of. A piece that
// crashes costs itself, and takes nothing along that was here before: children that this process has inherited from
// whoever executed it are no piece's children. POSIX only, no Asio: called from a process with one thread.
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
  ~Crew(); ///< asks whoever still works to end, and waits
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
  /// The next that ends. SIGINT, SIGTERM and SIGHUP are passed on to all meanwhile. Only while somebody is busy.
  [[nodiscard]] Ended wait();
  /// Somebody has asked this process to end; whoever works has been told.
  [[nodiscard]] bool interrupted();

private:
  void note(int signal);
  SignalFd signals_;
  std::map<pid_t, std::size_t> working_;
  bool interrupted_ = false;
};

} // namespace holdfast::process
