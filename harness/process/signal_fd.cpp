#include "harness/process/signal_fd.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <stdexcept>
#include <sys/signalfd.h>

namespace holdfast::process {

SignalFd::SignalFd() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, signal);
  // Blocked first: a signal that comes before the descriptor exists stays pending, and is read from it later.
  sigprocmask(SIG_BLOCK, &signals, &before_);
  fd_ = ScopedFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_.valid())
    throw std::runtime_error(fmt::format("signalfd: {}", std::strerror(errno)));
}

SignalFd::~SignalFd() {
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

// Reads before it waits: a signal that is pending already is returned at once, with any timeout. An interrupted poll
// begins its timeout anew.
int SignalFd::next(int timeout_ms) {
  signalfd_siginfo info{};
  for (;;) {
    if (read(fd_.get(), &info, sizeof info) == sizeof info)
      return static_cast<int>(info.ssi_signo);
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    const int ready = poll(&poll_fd, 1, timeout_ms);
    if (ready == 0)
      return 0;
    if (ready < 0 && errno != EINTR)
      throw std::runtime_error(fmt::format("poll: {}", std::strerror(errno)));
  }
}

} // namespace holdfast::process
