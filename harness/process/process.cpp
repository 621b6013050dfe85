// Spawns a program under the shim (shim_main.cpp) and keeps what is known of its tree. Four coroutines do that: one
// reads the shim's messages, two read the output of the program, one waits for the shim's end. They share the State, so
// that a Process may be destroyed while they still run.
//
// asio.hpp must come before Boost.Process v2 under separate compilation.
#include <boost/asio.hpp>

#include "harness/process/process.hpp"

#include "harness/async/event.hpp"
#include "harness/async/shortage.hpp"
#include "harness/process/scoped_fd.hpp"
#include "harness/process/shim_protocol.hpp"

#include <boost/process/v2/process.hpp>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace holdfast::process {

namespace bp = boost::process::v2;
using asio::use_awaitable;

struct Process::State : std::enable_shared_from_this<Process::State> {
  State(const asio::any_io_executor& executor, OnLine line, OnReaped reaped)
      : control(executor), out(executor), err(executor), changed(executor), on_line(std::move(line)),
        on_reaped(std::move(reaped)) {}

  asio::posix::stream_descriptor control;
  asio::posix::stream_descriptor out;
  asio::posix::stream_descriptor err;
  std::unique_ptr<bp::process> shim;
  async::Event changed;
  OnLine on_line;
  OnReaped on_reaped;
  int pid = 0;
  int first_pid = 0; ///< stays when the process has been reaped: to tell starts apart, never to signal
  int shim_pid = 0;
  int exec_error = 0;
  std::optional<WaitStatus> status;
  int remaining = 0;
  bool control_ended = false;
  bool gone = false;
  bool lost = false;
  std::string why_lost; ///< a sentence about the shim
  int open_streams = 2;

  void send(ShimMessage::Type type, int value) {
    if (gone || !control.is_open())
      return;
    const ShimMessage message{type, value};
    // An error is EPIPE: the shim has ended, and `wait_shim` is about to set `gone`.
    (void)::send(control.native_handle(), &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  /// Reads the shim's messages until the shim has closed its end of the socket, which it does only by ending.
  static asio::awaitable<void> read_control(std::shared_ptr<State> self) {
    for (;;) {
      ShimMessage message{};
      boost::system::error_code error;
      const auto size = co_await self->control.async_read_some(asio::buffer(&message, sizeof message),
                                                               asio::redirect_error(use_awaitable, error));
      // The shim ended without having read all of our messages. The kernel reports that once, before the messages that
      // the shim itself has sent: `main_exited` may still be among them.
      if (error == asio::error::connection_reset)
        continue;
      if (error || size != sizeof message)
        break;
      if (message.type == ShimMessage::Type::started)
        self->pid = self->first_pid = message.value;
      if (message.type == ShimMessage::Type::exec_failed)
        self->exec_error = message.value;
      if (message.type == ShimMessage::Type::main_exited) {
        self->pid = 0;
        self->status = WaitStatus::from_native(message.value);
        self->remaining = message.more;
      }
      if (message.type == ShimMessage::Type::reaped && self->on_reaped)
        self->on_reaped(message.more, WaitStatus::from_native(message.value));
      self->changed.notify();
    }
    self->control_ended = true;
    self->changed.notify();
  }

  /// Reaps the shim. Not with Boost.Process's async_wait: once its descriptor is reported ready, that waits for the
  /// process, blocking. Asio may report a descriptor that is not ready (an event that was meant for an earlier
  /// descriptor in the same slot); then the whole loop stood still until the shim ended. Here every wake-up is followed
  /// by a waitpid(2) that does not block.
  static asio::awaitable<WaitStatus> reap(State& self) {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, self.shim_pid, 0)); // not reaped: still our shim
    if (pidfd < 0)
      throw std::system_error(errno, std::generic_category(), "the shim cannot be awaited");
    asio::posix::stream_descriptor ended(self.control.get_executor(), pidfd);
    int status = 0;
    for (;;) {
      const pid_t reaped = ::waitpid(self.shim_pid, &status, WNOHANG);
      if (reaped == self.shim_pid)
        co_return WaitStatus::from_native(status);
      if (reaped < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "the shim cannot be waited for");
      boost::system::error_code error; // whatever woke us: the next look tells
      co_await ended.async_wait(asio::posix::stream_descriptor::wait_read, asio::redirect_error(use_awaitable, error));
      if (error)
        throw boost::system::system_error(error, "the shim cannot be awaited");
    }
  }

  /// Watches the shim to its end. If watching fails (no descriptor is left for the pidfd), the tree counts as lost:
  /// `gone` would otherwise never be set, and a step that waits for the tree's end would wait for ever.
  static asio::awaitable<void> wait_shim(std::shared_ptr<State> self) {
    try {
      co_await await_shim(self);
    } catch (const std::exception& error) {
      self->pid = 0;
      self->lost = self->gone = true;
      self->why_lost = error.what();
      if (!self->status)
        self->status = WaitStatus::for_signal(SIGKILL); // the run ends, and the guardian kills the tree
      self->changed.notify();
    }
  }

  static asio::awaitable<void> await_shim(std::shared_ptr<State> self) {
    const auto shim_status = co_await reap(*self);
    self->shim->detach(); // it is reaped: Boost must not signal its pid, which may be another's now
    // The shim's last messages are read before anyone is told that the tree is gone: without them a service that died
    // of SIGSEGV would be given the shim's own exit status. Not read here: Asio may hold a message that it has taken
    // from the socket and not yet handed to `read_control`.
    while (!self->control_ended)
      co_await self->changed.wait();
    self->pid = 0;
    // No message said how the program ended: the shim could not fork it, or was killed. In the second case its tree has
    // fallen to the guardian, and nobody reports on it any more.
    if (!self->status) {
      self->status = shim_status;
      self->lost = self->exec_error == 0;
      self->why_lost = "it was killed";
    }
    while (self->open_streams > 0)
      co_await self->changed.wait(); // its last lines come before `gone`: a refusal to start is explained there
    self->gone = true;
    self->changed.notify();
  }

  /// Cuts the output into lines. A last line without a newline is given when the pipe ends, which is when every process
  /// of the tree has closed it.
  static asio::awaitable<void> read_lines(std::shared_ptr<State> self, asio::posix::stream_descriptor& from,
                                          Stream stream) {
    constexpr std::size_t longest = 64U << 10U; // a longer line is cut there: output is bounded
    std::string pending;
    std::array<char, 4096> buffer{};
    for (;;) {
      boost::system::error_code error;
      const auto size = co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(use_awaitable, error));
      if (error)
        break;
      pending.append(buffer.data(), size);
      std::size_t begin = 0;
      for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', begin)) {
        self->on_line(stream, std::string_view(pending).substr(begin, end - begin));
        begin = end + 1;
      }
      pending.erase(0, begin);
      if (pending.size() > longest)
        self->on_line(stream, std::exchange(pending, {}));
    }
    if (!pending.empty())
      self->on_line(stream, pending);
    from.close();
    --self->open_streams;
    self->changed.notify();
  }
};

namespace {

/// What Boost.Process calls around the fork: `on_setup` in this process, `on_exec_setup` in the child before exec,
/// where only async-signal-safe calls are allowed.
struct ChildSetup {
  int control, out, err;
  const char* directory;
  const char* const* environment;
  Surroundings surroundings;

  template <class Launcher>
  boost::system::error_code on_setup(Launcher& launcher, const bp::filesystem::path&, const char* const*&) const {
    launcher.env = environment;
    return {};
  }

  template <class Launcher>
  boost::system::error_code on_exec_setup(Launcher&, const bp::filesystem::path&, const char* const*&) const {
    ::setpgid(0, 0);
    // The harness has changed its own mask and limit (Surroundings::adapt); the service gets what holdfast was started
    // with. Only the soft limit is set back: the hard one was never changed.
    ::umask(surroundings.file_mask);
    rlimit limit{};
    if (surroundings.descriptors != 0 && ::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
      limit.rlim_cur = surroundings.descriptors;
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    const int null =
        ::open("/dev/null", O_RDONLY); // a service that reads a terminal in the background would be stopped
    if (null >= 0)
      ::dup2(null, STDIN_FILENO);
    // dup2 closes its target first: a source numbered 1, 2 or 3 would be lost. make_pair_of puts all sources at 10 or
    // above.
    if (::dup2(out, STDOUT_FILENO) < 0 || ::dup2(err, STDERR_FILENO) < 0 || ::dup2(control, shim_control_fd) < 0)
      return {errno, boost::system::system_category()};
    // Boost.Process 1.81 leaks descriptors into children; Asio's sockets are not close-on-exec.
    ::close_range(shim_control_fd + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (::chdir(directory) != 0)
      return {errno, boost::system::system_category()};
    return {};
  }
};

/// Two connected descriptors: this process keeps `ours`, the shim gets `theirs`.
struct Pair {
  ScopedFd ours, theirs;
};

/// A pipe that the child writes to (kind 0), or a pair of Unix sockets of that kind. The child's side is moved to 10 or
/// above, where no dup2 in the child overwrites it. Nothing on failure; errno then says why.
std::optional<Pair> make_pair_of(int kind) {
  int fds[2];
  const bool made = kind == 0 ? ::pipe2(fds, O_CLOEXEC) == 0 : ::socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, fds) == 0;
  if (!made)
    return std::nullopt;
  Pair pair{ScopedFd(fds[0]), ScopedFd(fds[1])};
  pair.theirs.reset(::fcntl(fds[1], F_DUPFD_CLOEXEC, 10));
  if (!pair.theirs.valid())
    return std::nullopt;
  return pair;
}

} // namespace

// As execvp(3) looks, but in this process, so that a missing program is an error of the spawn with a name in it, and
// with the harness's PATH: the one in the service's environment plays no part. A relative path with a '/' starts at the
// directory that the program will run in.
std::optional<std::filesystem::path> find_program(const std::string& program, const std::filesystem::path& directory) {
  const auto executable = [](const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
  };
  if (program.find('/') != std::string::npos) {
    const auto path = directory / program;
    return executable(path) ? std::optional(path) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, colon)) / program;
    if (executable(candidate))
      return candidate;
    if (colon == std::string_view::npos)
      break;
    rest.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

std::filesystem::path find_shim() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "holdfast-shim";
}

asio::awaitable<boost::system::result<std::unique_ptr<Process>, std::string>>
Process::spawn(asio::any_io_executor executor, ProcessSpec spec, OnLine on_line, OnReaped on_reaped) {
  const auto program = find_program(spec.command.at(0), spec.directory);
  if (!program)
    co_return fmt::format("there is no program '{}'", spec.command[0]);
  if (!find_program(spec.shim.string(), {}))
    co_return fmt::format("the shim {} is missing", spec.shim.string());

  // An error that says that the machine lacks something is thrown: it is the harness's failure and must not be taken
  // for a service that cannot be started.
  const auto fail = [&command = spec.command](int error) -> std::string {
    const auto doing = fmt::format("spawning '{}'", command[0]);
    if (const auto shortage = async::shortage_of(error))
      throw async::Shortage(doing + ": " + *shortage);
    return fmt::format("cannot spawn '{}': {}", command[0], std::strerror(error));
  };
  auto state = std::make_shared<State>(executor, std::move(on_line), std::move(on_reaped));
  auto control = make_pair_of(SOCK_SEQPACKET);
  auto out = control ? make_pair_of(0) : std::nullopt;
  auto err = out ? make_pair_of(0) : std::nullopt;
  if (!err)
    co_return fail(errno);

  std::vector<std::string> environment;
  for (const auto& [name, value] : spec.environment)
    environment.push_back(name + "=" + value);
  std::vector<const char*> environment_pointers;
  for (const auto& entry : environment)
    environment_pointers.push_back(entry.c_str());
  environment_pointers.push_back(nullptr);
  std::string identity = "-";
  // The shim itself stays root and changes only the program's user: it must be able to kill what runs as that user.
  if (!spec.run_as.empty() && ::geteuid() == 0) {
    const auto* user = ::getpwnam(spec.run_as.c_str());
    if (user == nullptr)
      co_return fmt::format("there is no user '{}' to run '{}' as", spec.run_as, spec.command[0]);
    identity = fmt::format("{}:{}", user->pw_uid, user->pw_gid);
  }
  std::vector<std::string> arguments = {std::to_string(::getpid()), identity, program->string()};
  arguments.insert(arguments.end(), spec.command.begin() + 1, spec.command.end());
  const auto directory = spec.directory.string();
  try {
    state->shim =
        std::make_unique<bp::process>(executor, bp::filesystem::path(spec.shim.string()), arguments,
                                      ChildSetup{control->theirs.get(), out->theirs.get(), err->theirs.get(),
                                                 directory.c_str(), environment_pointers.data(), spec.surroundings});
  } catch (const boost::system::system_error& error) {
    co_return fail(error.code().value());
  }
  state->shim_pid = state->shim->id();
  state->control.assign(control->ours.release());
  state->out.assign(out->ours.release());
  state->err.assign(err->ours.release());
  // With our copies closed, the pipes end when the tree has closed its own.
  control->theirs.reset();
  out->theirs.reset();
  err->theirs.reset();
  // Each of these holds the state, so that the output is read to its end and the shim is reaped also when the Process
  // has been destroyed before.
  asio::co_spawn(executor, State::read_control(state), asio::detached);
  asio::co_spawn(executor, State::read_lines(state, state->out, Stream::out), asio::detached);
  asio::co_spawn(executor, State::read_lines(state, state->err, Stream::err), asio::detached);
  asio::co_spawn(executor, State::wait_shim(state), asio::detached);

  // Until the shim says that the program runs, or why it does not. `gone` first means that the shim was killed before
  // it could say either: the Process is returned all the same, and is lost.
  while (state->first_pid == 0 && state->exec_error == 0 && !state->gone)
    co_await state->changed.wait();
  // The shim could not fork or execute because of a limit of this machine, not because of the program.
  if (state->exec_error == EAGAIN || state->exec_error == ENOMEM || state->exec_error == ENFILE)
    co_return fail(state->exec_error);
  if (state->exec_error != 0)
    co_return fmt::format("cannot execute {}: {}", program->string(), std::strerror(state->exec_error));
  co_return std::unique_ptr<Process>(new Process(std::move(state)));
}

Process::Process(std::shared_ptr<State> state) : state_(std::move(state)) {}
// Does not wait: the coroutines go on and reap the shim.
Process::~Process() {
  kill();
}

int Process::pid() const {
  return state_->pid;
}
int Process::first_pid() const {
  return state_->first_pid;
}
int Process::shim_pid() const {
  return state_->shim_pid;
}
std::optional<WaitStatus> Process::status() const {
  return state_->status;
}
int Process::remaining() const {
  return state_->remaining;
}
const std::string& Process::why_lost() const {
  return state_->why_lost;
}
bool Process::is_lost() const {
  return state_->lost;
}
bool Process::would_end_by(int signal) const {
  // SigBlk, SigIgn and SigCgt of proc(5) are hexadecimal masks with one bit a signal, the lowest for signal 1. A signal
  // in none of them has its default action. False also when the process has gone already.
  std::ifstream status(fmt::format("/proc/{}/status", state_->pid));
  bool found = false;
  for (std::string line; std::getline(status, line);)
    for (const std::string_view name : {"SigBlk:", "SigIgn:", "SigCgt:"})
      if (line.starts_with(name)) {
        found = true;
        if ((std::strtoull(line.c_str() + name.size(), nullptr, 16) >> (signal - 1) & 1U) != 0)
          return false;
      }
  return found;
}

bool Process::is_gone() const {
  return state_->gone;
}

void Process::signal(int signal) {
  state_->send(ShimMessage::Type::signal_main, signal);
}
void Process::signal_tree(int signal) {
  state_->send(ShimMessage::Type::signal_tree, signal);
}
void Process::kill() {
  state_->send(ShimMessage::Type::kill_tree, 0);
}

// These two keep the state of their own: the Process may be destroyed while somebody still waits for its end.
asio::awaitable<void> Process::ended() {
  const auto state = state_;
  while (!state->status && !state->gone)
    co_await state->changed.wait();
}
asio::awaitable<void> Process::gone() {
  const auto state = state_;
  while (!state->gone)
    co_await state->changed.wait();
}

} // namespace holdfast::process
