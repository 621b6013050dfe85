#include "harness/process/wait_status.hpp"

#include <csignal>
#include <cstring>
#include <sys/wait.h>

namespace holdfast::process {

WaitStatus WaitStatus::from_native(int native) {
  return WIFSIGNALED(native) ? for_signal(WTERMSIG(native)) : for_exit(WEXITSTATUS(native));
}
WaitStatus WaitStatus::for_exit(int code) {
  return {Type::exited, code};
}
WaitStatus WaitStatus::for_signal(int signal) {
  return {Type::signalled, signal};
}

std::optional<int> WaitStatus::exit_code() const {
  return type_ == Type::exited ? std::optional(value_) : std::nullopt;
}
std::optional<int> WaitStatus::fatal_signal() const {
  return type_ == Type::signalled ? std::optional(value_) : std::nullopt;
}
std::string WaitStatus::describe() const {
  return type_ == Type::exited ? "exit " + std::to_string(value_) : signal_name(value_);
}

std::string signal_name(int signal) {
  // Null for real-time signals, which have numbers only.
  if (const char* name = sigabbrev_np(signal))
    return std::string("SIG") + name;
  return "signal " + std::to_string(signal);
}

// Asks `signal_name` for every number, so that what one writes the other always reads, real-time signals included.
std::optional<int> signal_number(const std::string& name) {
  for (int signal = 1; signal < NSIG; ++signal)
    if (signal_name(signal) == name)
      return signal;
  return std::nullopt;
}

} // namespace holdfast::process
