// Each piece of work is a forked child that plays and judges one run. The campaign starts pieces, waits for the next
// one that ends, and passes on the signals by which it is asked to stop.
#include "harness/process/crew.hpp"

#include "harness/process/child.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::process {

Crew::Crew() {
  std::signal(SIGCHLD, SIG_DFL);    // ignored, it would take the children's exits from us
  prctl(PR_SET_CHILD_SUBREAPER, 1); // should one of the crew be killed, its guardian falls to us
}

// Reached with work in progress only when the campaign ends by an exception. SIGTERM, not SIGKILL: each child is the
// front of its run, hands the signal to its guardian, and ends when that has removed the run's processes and workspace.
Crew::~Crew() {
  for (const auto& [pid, number] : working_)
    kill(pid, SIGTERM);
  while (!working_.empty())
    (void)wait();
}

void Crew::start(std::size_t number, const std::function<int()>& work) {
  std::fflush(nullptr); // or the child would write what is still buffered a second time
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0)
    throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  if (child > 0) {
    working_[child] = number;
    return;
  }
  // A terminal sends Ctrl-C to every process of the foreground group. In a group of its own the child gets it once,
  // from `note`; otherwise it would get it twice, and a second SIGINT kills the run at once.
  setpgid(0, 0);
  if (!die_with(parent, SIGTERM))
    _exit(4);
  // The child has inherited the mask with which this process reads its signals; the work must be able to get them.
  sigprocmask(SIG_SETMASK, &signals_.before(), nullptr);
  _exit(run_to_status(work));
}

// Looks for ended children before it waits for a signal: one SIGCHLD may stand for several children, and `interrupted`
// may have taken it already.
Crew::Ended Crew::wait() {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (const auto found = working_.find(pid); pid > 0 && found != working_.end()) {
      const Ended ended{found->second, WaitStatus::from_native(status)};
      working_.erase(found);
      return ended;
    }
    if (pid > 0)
      continue; // no piece: the guardian of a killed one, or a child that this process had before
    note(signals_.next(-1));
  }
}

bool Crew::interrupted() {
  while (const int signal = signals_.next(0))
    note(signal); // a SIGCHLD taken here is not lost: `wait` looks for ended children before it waits
  return interrupted_;
}

// Every signal but SIGCHLD asks this process to end: all pieces are asked to, and the campaign starts no further one.
void Crew::note(int signal) {
  if (signal == SIGCHLD)
    return;
  interrupted_ = true;
  for (const auto& [worker, number] : working_)
    kill(worker, signal);
}

} // namespace holdfast::process
