// The shim: parent, reaper and executioner of one instance's process tree.
//
//   holdfast-shim EXPECTED_PARENT UID:GID|- PROGRAM [ARGUMENT…]
//
// It is a subreaper, so that grandchildren which leave their session and their parents (`setsid`, double forks) become
// its children. It exits only when waitpid(2) says ECHILD: its exit proves that the whole tree is gone. It kills the
// tree when told to, when the harness closes the control socket, and when its parent dies. Static and small: it starts
// with every instance.
#include "harness/process/shim_protocol.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <initializer_list>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using holdfast::process::shim_control_fd;
using holdfast::process::ShimMessage;

namespace {

constexpr int most_reaped = 1000; ///< reports at most: a service that forks for every request would flood the harness

struct Shim {
  pid_t main = 0; ///< 0 once it has been reaped: its number may belong to somebody else by then
  int main_status = 0;
  int told = 0; ///< reaped processes that the harness was told of
};

void report(ShimMessage::Type type, int value, int more = 0, int flags = 0) {
  const ShimMessage message{type, value, more};
  // A failed send means that the harness is gone: the poll loop sees that too, as the end of the socket, and kills the
  // tree. With MSG_DONTWAIT it may also mean that the socket is full.
  (void)send(shim_control_fd, &message, sizeof message, MSG_NOSIGNAL | flags);
}

/// Calls `each` with every descendant that is found, children before their parents.
template <class Each>
void for_each_descendant(pid_t parent, Each each, int depth = 0) {
  if (depth > 64)
    return;
  char path[96];
  std::snprintf(path, sizeof path, "/proc/%d/task", parent);
  DIR* threads = opendir(path);
  if (threads == nullptr)
    return;
  // The kernel lists a child under the thread that forked it. Runtimes with many threads (Java, Go) start programs from
  // any of them: without looking at each, a pause would stop the service and leave such a child running.
  while (const dirent* thread = readdir(threads)) {
    const long id = std::strtol(thread->d_name, nullptr, 10); // 0 of "." and ".."
    std::snprintf(path, sizeof path, "/proc/%d/task/%ld/children", parent, id);
    std::FILE* file = id == 0 ? nullptr : std::fopen(path, "re");
    if (file == nullptr)
      continue; // the thread has ended
    int child = 0;
    while (std::fscanf(file, "%d", &child) == 1) {
      for_each_descendant(child, each, depth + 1);
      each(child);
    }
    std::fclose(file);
  }
  closedir(threads);
}

void signal_tree(int signal) {
  for_each_descendant(getpid(), [signal](pid_t pid) { kill(pid, signal); });
}

// Only the first process's end must reach the harness. Reports of others are dropped when the socket is full: the
// harness may be busy, and the shim has to go on reaping.
void note_reaped(Shim& shim, pid_t pid, int status) {
  if (pid != shim.main) {
    if (shim.told++ < most_reaped)
      report(ShimMessage::Type::reaped, status, pid, MSG_DONTWAIT);
    return;
  }
  shim.main = 0;
  shim.main_status = status;
  int remaining = 0;
  for_each_descendant(getpid(), [&remaining](pid_t) { ++remaining; });
  report(ShimMessage::Type::main_exited, status, remaining);
}

/// Reaps every child that has ended; with `options` 0 it first waits for one. True when no children are left.
bool reap(Shim& shim, int options) {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, options);
    if (pid > 0) {
      note_reaped(shim, pid, status);
      options = WNOHANG; // then only those that have ended already: the caller looks again at who is alive
    } else if (pid < 0 && errno == EINTR) {
      continue;
    } else {
      return pid < 0;
    }
  }
}

// Repeats until waitpid(2) says that there is no child. One pass is not enough: a process may fork after it was listed
// and before it is killed; what it has started then becomes our child, and the next pass kills that.
void kill_tree(Shim& shim) {
  do {
    signal_tree(SIGKILL);
  } while (!reap(shim, 0));
}

[[noreturn]] void leave(const Shim& shim) {
  // The status is for people who look at the shim itself; the harness has been told the service's.
  std::exit(WIFEXITED(shim.main_status) ? WEXITSTATUS(shim.main_status) : 128 + WTERMSIG(shim.main_status));
}

/// Gives this process the user and group of `UID:GID`, and no other groups; "-" changes nothing. Called in the
/// program's process only: the shim keeps its user, or it could not kill the program.
bool become(const char* identity) {
  unsigned user = 0, group = 0;
  if (std::strcmp(identity, "-") == 0)
    return true;
  return std::sscanf(identity, "%u:%u", &user, &group) == 2 && setgroups(0, nullptr) == 0 && setgid(group) == 0 &&
         setuid(user) == 0;
}

/// In the forked child: executes the program, or writes the errno to the pipe `failure`. Signal masks and ignored
/// signals survive exec, so both are set back first: the shim has blocked `signals`, and holdfast ignores SIGPIPE.
void execute(const char* identity, char** arguments, const sigset_t& signals, int failure) {
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  setpgid(0, 0);
  if (become(identity)) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); // after the change of user, which would clear it
    execvp(arguments[0], arguments);
  }
  const int error = errno;
  (void)!write(failure, &error, sizeof error);
  _exit(127);
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: holdfast-shim EXPECTED_PARENT UID:GID|- PROGRAM [ARGUMENT...]\n"
               "Started by holdfast for each instance; not meant to be run by hand.\n",
               stderr);
    return 3;
  }
  std::signal(SIGCHLD, SIG_DFL); // ignored, it would take the children's exits from us
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != std::atoi(argv[1]))
    return 4; // the parent died before the line above: no signal would ever come
  // A program that held the socket would keep it open after the shim's end, and the harness would wait for ever for
  // messages.
  fcntl(shim_control_fd, F_SETFD, FD_CLOEXEC);

  // Blocked before the fork, so that the SIGCHLD of a program that ends at once is not missed.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  int failure[2];
  if (signal_fd < 0 || pipe2(failure, O_CLOEXEC) != 0)
    return 4;

  Shim shim;
  shim.main = fork();
  if (shim.main < 0) {
    report(ShimMessage::Type::exec_failed, errno);
    return 4;
  }
  if (shim.main == 0)
    execute(argv[2], argv + 3, signals, failure[1]);
  // The pipe tells whether the program was executed: its last writing end closes at a successful exec, and nothing is
  // read; after a failure there is an errno in it.
  close(failure[1]);
  int error = 0;
  if (read(failure[0], &error, sizeof error) == sizeof error) {
    report(ShimMessage::Type::exec_failed, error);
    kill_tree(shim);
    return 127;
  }
  close(failure[0]);
  report(ShimMessage::Type::started, shim.main);
  // The service's output must end when the service does: the shim lets go of its own ends of those pipes.
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);

  pollfd watched[2] = {{signal_fd, POLLIN, 0}, {shim_control_fd, POLLIN, 0}};
  for (;;) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR)
      kill_tree(shim), leave(shim);
    if ((watched[0].revents & POLLIN) != 0) {
      signalfd_siginfo info{};
      while (read(signal_fd, &info, sizeof info) == sizeof info)
        // The parent has died (PR_SET_PDEATHSIG), or somebody wants the shim to end: never without its tree.
        if (info.ssi_signo != SIGCHLD)
          kill_tree(shim), leave(shim);
      if (reap(shim, WNOHANG))
        leave(shim);
    }
    if (watched[1].revents != 0) {
      ShimMessage message{};
      const auto size = recv(shim_control_fd, &message, sizeof message, MSG_DONTWAIT);
      if (size < 0 && (errno == EAGAIN || errno == EINTR))
        continue;
      // Size 0: the harness has closed the socket or is dead.
      if (size != sizeof message || message.type == ShimMessage::Type::kill_tree)
        kill_tree(shim), leave(shim);
      if (message.type == ShimMessage::Type::signal_main && shim.main != 0)
        kill(shim.main, message.value);
      if (message.type == ShimMessage::Type::signal_tree)
        signal_tree(message.value);
    }
  }
}
