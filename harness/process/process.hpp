// One spawned process tree under its shim. The only way in which Holdfast starts programs of others.
//
// All calls from the thread of the executor. The object may be destroyed at any time: the tree is then killed without
// being waited for; `co_await gone()` first where the end must be known.
#pragma once

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

  /// Spawns and waits until the program runs or has failed to. The error is a sentence.
  [[nodiscard]] static asio::awaitable<boost::system::result<std::unique_ptr<Process>, std::string>>
  spawn(asio::any_io_executor executor, ProcessSpec spec, OnLine on_line);

  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Of the first process of the tree; 0 once that has been reaped.
  [[nodiscard]] int pid() const;
  /// The same, also after it has ended: names this start, must not be signalled.
  [[nodiscard]] int first_pid() const;
  [[nodiscard]] int shim_pid() const;
  /// Of the first process, once it has ended.
  [[nodiscard]] std::optional<WaitStatus> status() const;
  /// The whole tree has been reaped: the shim has exited.
  [[nodiscard]] bool is_gone() const;

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
