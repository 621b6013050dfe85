// One spawned process tree under its shim. The only way in which Holdfast starts programs of others.
//
// All calls from the thread of the executor. The object may be destroyed at any time: the tree is then killed without
// being waited for; `co_await gone()` first where the end must be known.
#pragma once

#include "harness/process/surroundings.hpp"
#include "harness/process/wait_status.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::process {

namespace asio = boost::asio;

struct ProcessSpec {
  std::vector<std::string> command;               ///< the program is looked up in PATH when it holds no '/'
  std::map<std::string, std::string> environment; ///< complete: nothing is inherited
  std::filesystem::path directory;
  std::filesystem::path shim;
  std::string run_as = {}; ///< a user's name; empty, or when this process is not root: the user of this process
  Surroundings surroundings = Surroundings::take();
};

enum class Stream { out, err };

/// Where a program would be found; nothing when it is missing or not executable.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& program,
                                                                const std::filesystem::path& directory);

/// The holdfast-shim beside the running program.
[[nodiscard]] std::filesystem::path find_shim();

class Process {
public:
  using OnLine = std::function<void(Stream, std::string_view line)>;
  using OnReaped = std::function<void(int pid, WaitStatus)>;

  /// Spawns and waits until the program runs or has failed to. The error is a sentence about the program; what the
  /// harness lacks for it is thrown as async::Shortage. `on_reaped` is told of other processes of the tree that ended
  /// after their parents.
  [[nodiscard]] static asio::awaitable<boost::system::result<std::unique_ptr<Process>, std::string>>
  spawn(asio::any_io_executor executor, ProcessSpec spec, OnLine on_line, OnReaped on_reaped = {});

  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Of the first process of the tree; 0 once that has been reaped.
  [[nodiscard]] int pid() const;
  /// The same, also after it has ended: names this start, must not be signalled.
  [[nodiscard]] int first_pid() const;
  [[nodiscard]] int shim_pid() const;
  /// The first process neither handles, ignores nor blocks this signal: it ends by it, and at once.
  [[nodiscard]] bool would_end_by(int signal) const;
  /// Of the first process, once it has ended.
  [[nodiscard]] std::optional<WaitStatus> status() const;
  /// Processes of the tree that still ran when the first had ended.
  [[nodiscard]] int remaining() const;
  /// The whole tree has been reaped: the shim has exited.
  [[nodiscard]] bool is_gone() const;
  /// True if the shim ended without saying how its program ended: it was killed, and nothing is known of its tree.
  [[nodiscard]] bool is_lost() const;
  [[nodiscard]] const std::string& why_lost() const; ///< of one that is: a sentence about its shim

  void signal(int signal);      ///< to the first process
  void signal_tree(int signal); ///< to every process of the tree
  void kill();                  ///< SIGKILL to every process of the tree, until none is left

  [[nodiscard]] asio::awaitable<void> ended(); ///< the first process has
  [[nodiscard]] asio::awaitable<void> gone();  ///< the tree is

private:
  struct State;
  explicit Process(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

} // namespace holdfast::process
