// Signals as something to read: blocked for the object's lifetime. One at a time in a process.
#pragma once

#include "harness/process/scoped_fd.hpp"

#include <csignal>

namespace holdfast::process {

/// SIGCHLD, SIGINT, SIGTERM and SIGHUP.
class SignalFd {
public:
  SignalFd(); ///< throws std::runtime_error
  ~SignalFd();
  SignalFd(const SignalFd&) = delete;
  SignalFd& operator=(const SignalFd&) = delete;

  /// The next signal, or 0 after `timeout_ms` (-1: wait for ever).
  [[nodiscard]] int next(int timeout_ms);
  /// The mask as it was: for children, which must not inherit ours.
  [[nodiscard]] const sigset_t& before() const { return before_; }

private:
  sigset_t before_{};
  ScopedFd fd_;
};

} // namespace holdfast::process
