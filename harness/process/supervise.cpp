// The front removes old workspaces, makes its own, and forks the guardian; the guardian forks the worker and waits.
// Whichever process dies, one that is left kills the rest and removes the workspace: normally the guardian; the front
// when the guardian was killed; the worker when both were; a later run when all three were.
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

constexpr int orphan_look_ms = 100;   ///< how often to look for orphans: becoming one sends no signal
constexpr int worker_grace_ms = 5000; ///< from a signal or the front's death until the worker is killed

/// Processes whose parent is this one. There is one thread, so all of them are listed under it.
std::vector<pid_t> children() {
  std::ifstream list(fmt::format("/proc/self/task/{}/children", getpid()));
  std::vector<pid_t> all;
  for (pid_t child = 0; list >> child;)
    all.push_back(child);
  return all;
}

/// The guardian forks only the worker. Any other child has become one because its parent died: the tree of a shim that
/// was killed, which nobody else would end.
void kill_orphans(pid_t worker) {
  for (const pid_t child : children())
    if (child != worker)
      kill(child, SIGKILL);
}

void kill_children() {
  // Not a single pass: what a killed process leaves behind becomes a child of this subreaper when that process dies,
  // and is killed in the next. ECHILD proves that nothing is left.
  for (;;) {
    for (const pid_t child : children())
      kill(child, SIGKILL);
    const pid_t reaped = waitpid(-1, nullptr, 0);
    if (reaped < 0 && errno == ECHILD)
      return;
  }
}

/// The folder /tmp/holdfast-PID-XXXXXX, where PID is the process that made it. In it are a lock file, locked while any
/// process of the run lives, and a folder with a random name, in which the run works. Other users may pass through, and
/// can neither list nor guess that name.
struct Workspace {
  std::filesystem::path outer, inner;
  ScopedFd lock; ///< shared by fork: free when front, guardian and worker have all ended
};

constexpr auto lock_name = "lock";
constexpr auto new_lock_name = ".lock.new"; ///< of the lock file until it is locked
constexpr std::time_t made_by_then = 60;    ///< seconds: a workspace that is older and has no lock will get none
constexpr std::string_view name_begins = "holdfast-";

/// True if the name carries the pid of its maker and no such process exists. A name without a pid tells nothing.
bool is_maker_gone(std::string_view name) {
  name.remove_prefix(name_begins.size());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool is_numbered = error == std::errc{} && end != name.data() + name.size() && *end == '-' && pid > 0;
  return is_numbered && ::kill(pid, 0) != 0 && errno == ESRCH;
}

/// The folder with the random name; `outer` when the run was killed before it made one.
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

/// Removes the workspaces of runs of which no process is alive: the lock can be taken. Only folders of our own user,
/// and no symbolic links, since anyone may make a holdfast-* in /tmp. A folder without a lock may belong to a run that
/// is just making it; it goes when its maker is gone, or after a minute.
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
      ::rmdir(entry.path().c_str()); // succeeds only on an empty one: its run ended before it had a lock
    }
    if (lock.valid() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0)
      remove_workspace(entry.path(), farewell);
  }
}

/// Ends the guardian with the worker's status, which is what `supervise` returns to the front.
[[noreturn]] void end_like(int native) {
  if (WIFSIGNALED(native)) {
    // Dying of the worker's signal would dump core a second time; the front is told by a reserved exit status instead.
    _exit(128 + WTERMSIG(native));
  }
  _exit(WEXITSTATUS(native));
}

/// The guardian's whole life. `unblocked` is the signal mask from before `supervise`, for the worker; the guardian's
/// own was inherited from the front and blocks what SignalFd reads.
[[noreturn]] void guard(const Workspace& workspace, const Work& work, const Farewell& farewell, pid_t front,
                        const sigset_t& unblocked) {
  setpgid(0, 0);
  std::signal(SIGTTOU, SIG_IGN); // a background group may still write to the terminal
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // The front's death arrives as SIGTERM and is handled like a request to end. A front that died before this line means
  // that there is nobody to work for.
  const bool orphan = !die_with(front, SIGTERM);
  SignalFd signals;
  const pid_t guardian = getpid();
  const pid_t worker = orphan ? -1 : fork();
  if (worker == 0) {
    if (!die_with(guardian, SIGTERM))
      _exit(4);
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    const int status = run_to_status([&] { return work(workspace.inner); });
    // The guardian was killed. The front may have been too, and then no other process is left to remove the workspace.
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
    // Wakes up for signals, and every 100 ms without one, to kill orphans and to count the worker's grace.
    const int signal = signals.next(orphan_look_ms);
    kill_orphans(worker);
    if (signal == 0 && asked > 0)
      waited_ms += orphan_look_ms;
    if (waited_ms > worker_grace_ms)
      kill(worker, SIGKILL); // it had its grace
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) {
      // The first signal is passed to the worker, which ends the run in order. A SIGINT after it is an impatient user:
      // the worker is killed. A second SIGTERM is passed on like the first, since it may be the kernel's, sent when the
      // front died after it had passed on its own.
      kill(worker, ++asked > 1 && signal == SIGINT ? SIGKILL : signal);
    }
    int status = 0;
    for (;;) {
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid <= 0)
        break;
      // Orphans that have ended need only be reaped.
      if (pid != worker)
        continue;
      kill_children();
      remove_workspace(workspace.outer, farewell);
      if (asked > 0)
        _exit(130); // verdict::status::interrupted, however the worker ended: it was asked to
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
  // Locked under another name first: a sweep that opens the file by its final name always finds it locked, never just
  // made and free.
  const auto beside = workspace.outer / new_lock_name;
  workspace.lock = ScopedFd(::open(beside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!workspace.lock.valid() || ::flock(workspace.lock.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::rename(beside.c_str(), (workspace.outer / lock_name).c_str()) != 0)
    fail("the lock of", workspace.outer);
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random)
    fail("a name in", workspace.outer);
  workspace.inner = workspace.outer / fmt::format("{:016x}", random);
  // 0711, not 0700: a spawned server runs as a user of its own and has its folder in here. It can pass through, but not
  // list the folder.
  if (::mkdir(workspace.inner.c_str(), 0700) != 0 || ::chmod(workspace.inner.c_str(), 0711) != 0 ||
      ::chmod(workspace.outer.c_str(), 0711) != 0)
    fail("the folder", workspace.inner);
  return workspace;
}

} // namespace

// In the front. The signals are blocked before the workspace is made: from then on a SIGTERM must not end this process
// and leave the workspace behind.
WaitStatus supervise(const Work& work, const Farewell& farewell) {
  std::fflush(nullptr);             // or the child would write what is still buffered a second time
  std::signal(SIGCHLD, SIG_DFL);    // ignored, it would take the children's exits from us
  prctl(PR_SET_CHILD_SUBREAPER, 1); // should the guardian be killed, the worker falls to us
  SignalFd signals;
  sweep(std::filesystem::temp_directory_path(), farewell);
  const auto workspace = make_workspace();
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
    // SIGCHLD may also come from a process that this one has inherited; only the guardian's end counts.
    if (signal != SIGCHLD || waitpid(guardian, &status, WNOHANG) != guardian)
      continue;
    // A guardian that ended by itself has left nothing behind. One that was killed has: its worker falls to the front,
    // was sent SIGTERM by the guardian's death, and gets the usual grace before it is killed.
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
