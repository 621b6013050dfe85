#include "tests/support/support.hpp"

#include "harness/process/scoped_fd.hpp"
#include "harness/run/system_clock.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <cstring>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace holdfast::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  auto pattern = (fs::temp_directory_path() / "holdfast-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("mkdtemp");
  path_ = pattern;
  fs::permissions(path_, fs::perms::others_exec, fs::perm_options::add); // servers run as other users
}
TemporaryFolder::~TemporaryFolder() {
  fs::remove_all(path_);
}

fs::path TemporaryFolder::write(const std::string& name, const std::string& text) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name) << text;
  return path_ / name;
}

RunningProgram::RunningProgram(const std::vector<std::string>& command, const fs::path& scratch) {
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(out[1], 1);
    dup2(err[1], 2);
    setenv("TMPDIR", scratch.c_str(), 1);
    std::vector<char*> arguments;
    for (const auto& word : command)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  out_ = process::ScopedFd(out[0]);
  err_ = process::ScopedFd(err[0]);
}

void RunningProgram::interrupt() const {
  signal(SIGINT);
}

void RunningProgram::signal(int signal) const {
  kill(pid_, signal);
}

RunningProgram::~RunningProgram() {
  if (pid_ == 0)
    return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Finished RunningProgram::end() {
  Finished finished;
  const process::ScopedFd ended(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  pollfd watched[] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {ended.get(), POLLIN, 0}};
  for (auto* one = watched; one < watched + 2; ++one)
    fcntl(one->fd, F_SETFL, O_NONBLOCK);
  for (bool has_ended = false; !has_ended;) {
    if (poll(watched, 3, -1) < 0)
      break;
    has_ended = watched[2].revents != 0; // and then once more what it has said
    for (auto* one = watched; one < watched + 2; ++one) {
      char buffer[4096];
      ssize_t size = -1;
      while (one->fd >= 0 && (size = read(one->fd, buffer, sizeof buffer)) > 0)
        (one == watched ? finished.out : finished.err).append(buffer, static_cast<std::size_t>(size));
      if (size == 0)
        one->fd = -1; // closed: poll leaves it out
    }
  }
  int status = 0;
  waitpid(std::exchange(pid_, 0), &status, 0);
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return finished;
}

Finished run_program(const std::vector<std::string>& command, const fs::path& scratch) {
  return RunningProgram(command, scratch).end();
}

std::string holdfast_program() {
  return HOLDFAST_BINARY_DIR "/holdfast";
}
fs::path source(const std::string& relative) {
  return fs::path(HOLDFAST_SOURCE_DIR) / relative;
}

std::string Played::verdict() const {
  return run.contains("verdict") ? std::string(run.at("verdict").as_string()) : std::string{};
}
std::string Played::reason() const {
  return run.contains("reason") ? std::string(run.at("reason").as_string()) : err;
}

std::vector<std::string> Played::kinds(const std::string& check) const {
  std::vector<std::string> kinds;
  for (const auto& one : run.at("checks").as_array())
    if (one.at("name").as_string() == check)
      for (const auto& finding : one.at("findings").as_array())
        kinds.emplace_back(finding.at("kind").as_string());
  return kinds;
}

ReservedPort::ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  number_ = ntohs(address.sin_port);
}

std::vector<std::string> in_own_network(const std::vector<std::string>& command) {
  std::vector<std::string> all = {"unshare", "--net"};
  if (::geteuid() != 0)
    all.insert(all.end(), {"--map-current-user", "--keep-caps"});
  all.insert(all.end(), {"sh", "-c", "ip link set lo up && exec \"$@\"", "sh"});
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

std::vector<std::string> play_command(const fs::path& scenario, const fs::path& scratch,
                                      const std::vector<std::string>& more) {
  std::vector<std::string> command = {
      holdfast_program(), "run", scenario.string(), "--format", "json", "--out", (scratch / "bundles").string()};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

Played play(const fs::path& scenario, const fs::path& scratch, const std::vector<std::string>& more) {
  return played_by(play_command(scenario, scratch, more), scratch);
}

Played played_by(const std::vector<std::string>& command, const fs::path& scratch) {
  auto finished = run_program(command, scratch);
  Played played{finished.status, {}, finished.err};
  boost::system::error_code error;
  const auto root = boost::json::parse(finished.out, error);
  if (!error && root.is_object() && !root.at("runs").as_array().empty())
    played.run = root.at("runs").as_array()[0].as_object();
  return played;
}

std::vector<int> processes_of(const fs::path& folder) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid())
      continue;
    for (const auto* file : {"cmdline", "environ"}) {
      std::ifstream stream(entry.path() / file, std::ios::binary);
      std::ostringstream content;
      content << stream.rdbuf();
      if (content.str().find(folder.string()) != std::string::npos) {
        found.push_back(pid);
        break;
      }
    }
  }
  return found;
}

std::vector<fs::path> workspaces_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("holdfast-"))
      found.push_back(entry.path());
  return found;
}

void await_workspaces(const fs::path& folder, std::size_t count) {
  const int watch = inotify_init1(IN_CLOEXEC);
  if (watch < 0 || inotify_add_watch(watch, folder.c_str(), IN_CREATE) < 0)
    throw std::runtime_error("inotify");
  pollfd created{watch, POLLIN, 0};
  char events[4096];
  while (workspaces_in(folder).size() < count)
    if (poll(&created, 1, 10'000) <= 0 || read(watch, events, sizeof events) < 0)
      throw std::runtime_error("waited 10 s for " + std::to_string(count) + " workspaces in " + folder.string());
  close(watch);
}

void await_file(const fs::path& file) {
  while (!fs::exists(file)) {
    auto folder = file.parent_path(); // or the nearest one that is there already
    while (!fs::exists(folder))
      folder = folder.parent_path();
    const process::ScopedFd watch(inotify_init1(IN_CLOEXEC));
    if (!watch.valid() || inotify_add_watch(watch.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO) < 0)
      throw std::runtime_error("inotify");
    pollfd created{watch.get(), POLLIN, 0};
    const bool came_meanwhile = fs::exists(folder / *file.lexically_relative(folder).begin());
    if (!came_meanwhile && poll(&created, 1, 10'000) <= 0)
      throw std::runtime_error("waited 10 s for " + file.string());
  }
}

fs::path inner_workspace(const fs::path& workspace) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  const process::ScopedFd watch(inotify_init1(IN_CLOEXEC));
  if (!watch.valid() || inotify_add_watch(watch.get(), workspace.c_str(), IN_CREATE) < 0)
    throw std::runtime_error("inotify");
  for (;;) {
    for (const auto& entry : fs::directory_iterator(workspace))
      if (entry.is_directory())
        return entry.path();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd created{watch.get(), POLLIN, 0};
    char events[4096];
    if (left.count() <= 0 || poll(&created, 1, static_cast<int>(left.count())) <= 0 ||
        read(watch.get(), events, sizeof events) < 0)
      throw std::runtime_error("waited 10 s for the folder in " + workspace.string());
  }
}

void await_text(const fs::path& file, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  await_file(file);
  const process::ScopedFd watch(inotify_init1(IN_CLOEXEC));
  if (!watch.valid() || inotify_add_watch(watch.get(), file.c_str(), IN_MODIFY) < 0)
    throw std::runtime_error("inotify");
  std::ifstream stream(file);
  std::string unread; // what came since the last look, and as much before it as may begin the text
  for (;;) {
    stream.clear();
    unread.append(std::istreambuf_iterator<char>(stream), {});
    if (unread.find(text) != std::string::npos)
      return;
    unread.erase(0, unread.size() - std::min(unread.size(), text.size()));
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd modified{watch.get(), POLLIN, 0};
    char events[4096];
    if (left.count() <= 0 || poll(&modified, 1, static_cast<int>(left.count())) <= 0 ||
        read(watch.get(), events, sizeof events) < 0)
      throw std::runtime_error("waited 30 s for " + text + " in " + file.string());
  }
}

bool await_end(int pid, std::chrono::milliseconds within) {
  const process::ScopedFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  return !process.valid() || poll(&ended, 1, static_cast<int>(within.count())) == 1;
}

void await_nothing_of(const fs::path& folder, std::chrono::milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  const process::ScopedFd watch(inotify_init1(IN_CLOEXEC));
  if (!watch.valid() || inotify_add_watch(watch.get(), folder.c_str(), IN_DELETE) < 0)
    throw std::runtime_error("inotify");
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return;
    if (const auto processes = processes_of(folder); !processes.empty()) {
      await_end(processes.front(), left);
    } else if (!workspaces_in(folder).empty()) {
      pollfd removed{watch.get(), POLLIN, 0};
      poll(&removed, 1, static_cast<int>(left.count()));
      char events[4096];
      if (removed.revents != 0 && read(watch.get(), events, sizeof events) < 0)
        throw std::runtime_error("inotify");
    } else {
      return;
    }
  }
}

void on_loop(const std::function<asio::awaitable<void>(asio::any_io_executor, async::Clock&)>& body) {
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  run::SystemClock clock(io.get_executor());
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(io, body(io.get_executor(), clock),
                 [&](const std::exception_ptr& error) { failure = error, done = true; });
  while (!done && io.run_one() > 0) {
  }
  io.restart();
  io.run_for(std::chrono::milliseconds{200}); // what ends by itself
  if (failure)
    std::rethrow_exception(failure);
  if (!done)
    throw std::runtime_error("the coroutine never ended");
}

} // namespace holdfast::test
