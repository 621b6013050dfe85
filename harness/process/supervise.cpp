#include "harness/process/supervise.hpp"

#include "harness/process/child.hpp"
#include "harness/process/scoped_fd.hpp"
#include "harness/process/signal_fd.hpp"
#include "harness/text/standard_error.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace holdfast::process {

namespace {

constexpr int orphan_look_ms = 100;   ///< an orphan makes no signal until it ends
constexpr int worker_grace_ms = 5000; ///< after the front's death or a signal, until the worker is killed

std::vector<pid_t> children() {
  std::ifstream list(fmt::format("/proc/self/task/{}/children", getpid()));
  std::vector<pid_t> all;
  for (pid_t child = 0; list >> child;)
    all.push_back(child);
  return all;
}

void kill_orphans(pid_t worker) {
  for (const pid_t child : children())
    if (child != worker)
      kill(child, SIGKILL);
}

void kill_children() {
  // Orphans of dead shims have fallen to this subreaper; what they leave behind falls to it in turn.
  for (;;) {
    for (const pid_t child : children())
      kill(child, SIGKILL);
    const pid_t reaped = waitpid(-1, nullptr, 0);
    if (reaped < 0 && errno == ECHILD)
      return;
  }
}

/// /tmp/holdfast-PID-XXXXXX, PID being its maker, with the lock that says that somebody of the run is alive, and a
/// folder with a name that nobody can guess, in which the run works.
struct Workspace {
  std::filesystem::path outer, inner;
  ScopedFd lock; ///< held by front, guardian and worker
};

constexpr auto lock_name = "lock";
constexpr auto new_lock_name = ".lock.new"; ///< until it is taken
constexpr std::time_t made_by_then = 60;    ///< seconds: a workspace that has no lock then gets none
constexpr std::string_view name_begins = "holdfast-";

/// Whoever made a workspace of this name is gone. A name without a number says nothing.
bool is_maker_gone(std::string_view name) {
  name.remove_prefix(name_begins.size());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool is_numbered = error == std::errc{} && end != name.data() + name.size() && *end == '-' && pid > 0;
  return is_numbered && ::kill(pid, 0) != 0 && errno == ESRCH;
}

std::filesystem::path inner_of(const std::filesystem::path& outer) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(outer, error))
    if (entry.is_directory(error))
      return entry.path();
  return outer;
}

void remove_workspace(const std::filesystem::path& outer, const Farewell& farewell) {
  try {
    farewell(inner_of(outer));
  } catch (const std::exception& error) { // the folder goes all the same
    text::to_standard_error(fmt::format("holdfast: {}\n", error.what()));
  }
  std::error_code error;
  std::filesystem::remove_all(outer, error);
  if (error)
    text::to_standard_error(fmt::format("holdfast: cannot remove {}: {}\n", outer.string(), error.message()));
}

/// What was left by runs that nobody of is alive any more. Only our own user's, and only where the lock says so: a run
/// that is just being made has none yet.
void sweep(const std::filesystem::path& temporary, const Farewell& farewell) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(temporary, error)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(name_begins))
      continue;
    struct stat found {};
    if (::lstat(entry.path().c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != ::geteuid())
      continue;
    const ScopedFd lock(::open((entry.path() / lock_name).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (!lock.valid() && (is_maker_gone(name) || std::time(nullptr) - found.st_mtime > made_by_then)) {
      ::unlink((entry.path() / new_lock_name).c_str());
      ::rmdir(entry.path().c_str()); // only one that is empty: its run ended before it had a lock
    }
    if (lock.valid() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0)
      remove_workspace(entry.path(), farewell);
  }
}

[[noreturn]] void end_like(int native) {
  if (WIFSIGNALED(native)) {
    // Dying of the worker's signal would dump core a second time; the front is told by a reserved exit status instead.
    _exit(128 + WTERMSIG(native));
  }
  _exit(WEXITSTATUS(native));
}

[[noreturn]] void guard(const Workspace& workspace, const Work& work, const Farewell& farewell, pid_t front,
                        const sigset_t& unblocked) {
  setpgid(0, 0);
  std::signal(SIGTTOU, SIG_IGN); // a background group may still write to the terminal
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const bool orphan = !die_with(front, SIGTERM);
  SignalFd signals;
  const pid_t guardian = getpid();
  const pid_t worker = orphan ? -1 : fork();
  if (worker == 0) {
    if (!die_with(guardian, SIGTERM))
      _exit(4);
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    const int status = run_to_status([&] { return work(workspace.inner); });
    if (getppid() != guardian)
      remove_workspace(workspace.outer, farewell);
    _exit(status);
  }
  if (worker < 0) {
    remove_workspace(workspace.outer, farewell);
    _exit(4);
  }
  int asked = 0;
  int waited_ms = 0;
  for (;;) {
    const int signal = signals.next(orphan_look_ms);
    kill_orphans(worker); // of a shim that was itself killed
    if (signal == 0 && asked > 0)
      waited_ms += orphan_look_ms;
    if (waited_ms > worker_grace_ms)
      kill(worker, SIGKILL); // it had its grace
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) {
      // The front passes each signal on once; the kernel may add one at the front's death.
      kill(worker, ++asked > 1 && signal == SIGINT ? SIGKILL : signal);
    }
    int status = 0;
    for (;;) {
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid <= 0)
        break;
      if (pid != worker)
        continue;
      kill_children();
      remove_workspace(workspace.outer, farewell);
      if (asked > 0)
        _exit(130); // whatever became of the worker, it was because somebody said so
      end_like(status);
    }
  }
}

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw std::runtime_error(fmt::format("cannot make {} {}: {}", what, path.string(), std::strerror(errno)));
}

Workspace make_workspace() {
  auto pattern =
      (std::filesystem::temp_directory_path() / fmt::format("{}{}-XXXXXX", name_begins, ::getpid())).string();
  if (mkdtemp(pattern.data()) == nullptr)
    fail("a temporary directory", pattern);
  Workspace workspace{.outer = pattern};
  // The lock is taken before it has its name: whoever sees it by that sees it taken.
  const auto beside = workspace.outer / new_lock_name;
  workspace.lock = ScopedFd(::open(beside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!workspace.lock.valid() || ::flock(workspace.lock.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::rename(beside.c_str(), (workspace.outer / lock_name).c_str()) != 0)
    fail("the lock of", workspace.outer);
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random)
    fail("a name in", workspace.outer);
  workspace.inner = workspace.outer / fmt::format("{:016x}", random);
  // Servers run as other users: they must be able to pass.
  if (::mkdir(workspace.inner.c_str(), 0700) != 0 || ::chmod(workspace.inner.c_str(), 0711) != 0 ||
      ::chmod(workspace.outer.c_str(), 0711) != 0)
    fail("the folder", workspace.inner);
  return workspace;
}

} // namespace

WaitStatus supervise(const Work& work, const Farewell& farewell) {
  std::fflush(nullptr);             // or the child would write it a second time
  std::signal(SIGCHLD, SIG_DFL);    // ignored, it would take the children's exits from us
  prctl(PR_SET_CHILD_SUBREAPER, 1); // should the guardian be killed, the worker falls to us
  SignalFd signals;
  sweep(std::filesystem::temp_directory_path(), farewell);
  const auto workspace = make_workspace(); // not before: a signal that ended us now would leave it behind
  const pid_t front = getpid();
  const pid_t guardian = fork();
  if (guardian < 0) {
    remove_workspace(workspace.outer, farewell);
    throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  }
  if (guardian == 0) {
    guard(workspace, work, farewell, front, signals.before());
  }
  for (;;) {
    const int signal = signals.next(-1);
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP)
      kill(guardian, signal);
    int status = 0;
    if (signal != SIGCHLD || waitpid(guardian, &status, WNOHANG) != guardian)
      continue;
    // A guardian that ended by itself has left nothing. One that was killed has: its worker was asked to end by its
    // death.
    for (int waited = 0; WIFSIGNALED(status) && !children().empty() && waited < worker_grace_ms;
         waited += orphan_look_ms) {
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      if (!children().empty())
        (void)signals.next(orphan_look_ms);
    }
    kill_children();
    remove_workspace(workspace.outer, farewell);
    return WaitStatus::from_native(status);
  }
}

} // namespace holdfast::process
