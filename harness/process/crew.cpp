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

Crew::~Crew() {
  for (const auto& [pid, number] : working_)
    kill(pid, SIGTERM);
  while (!working_.empty())
    (void)wait();
}

void Crew::start(std::size_t number, const std::function<int()>& work) {
  std::fflush(nullptr); // or the child would write it a second time
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0)
    throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  if (child > 0) {
    working_[child] = number;
    return;
  }
  setpgid(0, 0); // a terminal's Ctrl-C comes once, through us
  if (!die_with(parent, SIGTERM))
    _exit(4);
  sigprocmask(SIG_SETMASK, &signals_.before(), nullptr);
  _exit(run_to_status(work));
}

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
      continue; // the guardian of one that was killed
    note(signals_.next(-1));
  }
}

bool Crew::interrupted() {
  while (const int signal = signals_.next(0))
    note(signal); // a SIGCHLD that is taken here is no loss: `wait` looks for the dead before it waits
  return interrupted_;
}

void Crew::note(int signal) {
  if (signal == SIGCHLD)
    return;
  interrupted_ = true;
  for (const auto& [worker, number] : working_)
    kill(worker, signal);
}

} // namespace holdfast::process
