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

constexpr int most_reaped = 1000; ///< that are told of: a service that forks for every request would flood the harness

struct Shim {
  pid_t main = 0; ///< 0 once it has been reaped: its number may belong to somebody else by then
  int main_status = 0;
  int told = 0; ///< reaped processes that the harness was told of
};

void report(ShimMessage::Type type, int value, int more = 0, int flags = 0) {
  const ShimMessage message{type, value, more};
  // A failed send means that the harness is gone, which the poll loop sees as well and acts upon.
  (void)send(shim_control_fd, &message, sizeof message, MSG_NOSIGNAL | flags);
}

template <class Each>
void for_each_descendant(pid_t parent, Each each, int depth = 0) {
  if (depth > 64)
    return;
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
  // Children of other threads than the first are listed under those threads, but a tree's processes are single-threaded
  // or their children reach us when they die: the callers loop until none is left.
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr)
    return;
  int child = 0;
  while (std::fscanf(file, "%d", &child) == 1) {
    for_each_descendant(child, each, depth + 1);
    each(child);
  }
  std::fclose(file);
}

void signal_tree(int signal) {
  for_each_descendant(getpid(), [signal](pid_t pid) { kill(pid, signal); });
}

void note_reaped(Shim& shim, pid_t pid, int status) {
  if (pid != shim.main) {
    if (shim.told++ < most_reaped) // the harness may be busy: nobody waits for it here
      report(ShimMessage::Type::reaped, status, pid, MSG_DONTWAIT);
    return;
  }
  shim.main = 0;
  shim.main_status = status;
  int remaining = 0;
  for_each_descendant(getpid(), [&remaining](pid_t) { ++remaining; });
  report(ShimMessage::Type::main_exited, status, remaining);
}

/// True when there are no children left.
bool reap(Shim& shim, int options) {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, options);
    if (pid > 0) {
      note_reaped(shim, pid, status);
      options = WNOHANG; // whoever else is ready; then look again at who is alive
    } else if (pid < 0 && errno == EINTR) {
      continue;
    } else {
      return pid < 0;
    }
  }
}

void kill_tree(Shim& shim) {
  do {
    signal_tree(SIGKILL);
  } while (!reap(shim, 0));
}

[[noreturn]] void leave(const Shim& shim) {
  // The status is for people who look at the shim itself; the harness has been told the service's.
  std::exit(WIFEXITED(shim.main_status) ? WEXITSTATUS(shim.main_status) : 128 + WTERMSIG(shim.main_status));
}

/// The program runs as somebody else; the shim stays who it is, so that it can kill it.
bool become(const char* identity) {
  unsigned user = 0, group = 0;
  if (std::strcmp(identity, "-") == 0)
    return true;
  return std::sscanf(identity, "%u:%u", &user, &group) == 2 && setgroups(0, nullptr) == 0 && setgid(group) == 0 &&
         setuid(user) == 0;
}

void execute(const char* identity, char** arguments, const sigset_t& signals, int failure) {
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  setpgid(0, 0);
  if (become(identity)) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); // after the change of user, which clears it
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
    return 4; // the parent died before the line above
  fcntl(shim_control_fd, F_SETFD, FD_CLOEXEC);

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
  close(failure[1]);
  int error = 0;
  if (read(failure[0], &error, sizeof error) == sizeof error) {
    report(ShimMessage::Type::exec_failed, error);
    kill_tree(shim);
    return 127;
  }
  close(failure[0]);
  report(ShimMessage::Type::started, shim.main);
  // The service's output must end when the service does: the shim holds no end of its pipes.
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
      if (size != sizeof message || message.type == ShimMessage::Type::kill_tree)
        kill_tree(shim), leave(shim);
      if (message.type == ShimMessage::Type::signal_main && shim.main != 0)
        kill(shim.main, message.value);
      if (message.type == ShimMessage::Type::signal_tree)
        signal_tree(message.value);
    }
  }
}
