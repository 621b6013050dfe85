// What several tests need: a temporary folder, the holdfast program, a loop to run coroutines on.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/async/clock.hpp"
#include "harness/process/scoped_fd.hpp"

namespace holdfast::test {

namespace asio = boost::asio;

/// Removed with everything in it.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file and returns its path.
  std::filesystem::path write(const std::string& name, const std::string& text) const;

private:
  std::filesystem::path path_;
};

struct Finished {
  int status = 0; ///< exit status; -SIGNAL when it was killed: a death by SIGINT is no exit with 130
  std::string out;
  std::string err;
};

/// A program that runs, and can be interrupted. Its temporary folder is `scratch`, so that what it leaves can be seen.
/// What it says waits in pipes until `end` is called. Killed when nobody waits for it.
class RunningProgram {
public:
  RunningProgram(const std::vector<std::string>& command, const std::filesystem::path& scratch);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  void interrupt() const; ///< as Ctrl-C does
  void signal(int signal) const;
  [[nodiscard]] int pid() const { return pid_; }
  /// Waits for it, and not for what it has left that could say something as well. Once.
  [[nodiscard]] Finished end();

private:
  int pid_ = 0; ///< 0: it has ended
  process::ScopedFd out_, err_;
};

/// Runs a program to its end.
[[nodiscard]] Finished run_program(const std::vector<std::string>& command, const std::filesystem::path& scratch);

/// A port of 127.0.0.1 that the kernel gives to nobody else while this is there. Whoever listens on it in this process
/// says SO_REUSEADDR, as links do.
class ReservedPort {
public:
  ReservedPort();
  [[nodiscard]] std::uint16_t number() const { return number_; }

private:
  process::ScopedFd socket_; ///< bound, and never listening
  std::uint16_t number_ = 0;
};

/// The same command in a network of its own, with a loopback and nothing else on it: every port is free there.
[[nodiscard]] std::vector<std::string> in_own_network(const std::vector<std::string>& command);

/// The built holdfast.
[[nodiscard]] std::string holdfast_program();
[[nodiscard]] std::filesystem::path source(const std::string& relative);

/// `holdfast run FILE --format json` with bundles below `scratch`; the one run of its answer.
struct Played {
  int status = 0;
  boost::json::object run;
  std::string err;
  [[nodiscard]] std::string verdict() const;
  [[nodiscard]] std::string reason() const;
  /// Kinds of a check's findings.
  [[nodiscard]] std::vector<std::string> kinds(const std::string& check) const;
};
[[nodiscard]] Played play(const std::filesystem::path& scenario, const std::filesystem::path& scratch,
                          const std::vector<std::string>& more = {});
/// What `command`, which ends like that of `play`, said.
[[nodiscard]] Played played_by(const std::vector<std::string>& command, const std::filesystem::path& scratch);
/// That command.
[[nodiscard]] std::vector<std::string> play_command(const std::filesystem::path& scenario,
                                                    const std::filesystem::path& scratch,
                                                    const std::vector<std::string>& more = {});

/// Processes whose command line or environment names `folder`: what a run in it has left.
[[nodiscard]] std::vector<int> processes_of(const std::filesystem::path& folder);

/// Files below `folder`/holdfast-*: workspaces that were left.
[[nodiscard]] std::vector<std::filesystem::path> workspaces_in(const std::filesystem::path& folder);

/// The folder in a workspace in which its run works, whose name nobody can guess; throws after ten seconds without one.
std::filesystem::path inner_workspace(const std::filesystem::path& workspace);

/// Returns when there are so many of them; throws after ten seconds.
void await_workspaces(const std::filesystem::path& folder, std::size_t count);

/// Returns when the file is there; throws after ten seconds.
void await_file(const std::filesystem::path& file);

/// Returns when the file, which may not be there yet, contains the text; throws after thirty seconds.
void await_text(const std::filesystem::path& file, const std::string& text);

/// Returns when the process has ended (it need not be a child and is not reaped), or after `within`: false then.
bool await_end(int pid, std::chrono::milliseconds within);

/// Returns when there are neither processes of `folder` nor workspaces in it, or after `within`.
void await_nothing_of(const std::filesystem::path& folder, std::chrono::milliseconds within);

/// Runs a coroutine on a loop of its own until it has ended; rethrows what it throws.
void on_loop(const std::function<asio::awaitable<void>(asio::any_io_executor, async::Clock&)>& body);

} // namespace holdfast::test
