#include "harness/consistency/budget.hpp"

#include <fmt/format.h>

namespace holdfast::consistency {

Budget::Budget(const Limits& limits) : limits_(limits), began_(std::chrono::steady_clock::now()) {}

/// Once the time is over it stays over: a search that asks again must not be told to go on.
bool Budget::out_of_time() {
  timed_out_ = timed_out_ || std::chrono::steady_clock::now() - began_ > limits_.time;
  return timed_out_;
}

std::string Budget::reason() const {
  if (used_ > limits_.memory)
    return fmt::format("the memory limit of {} MB was reached", limits_.memory >> 20);
  return fmt::format("the time limit of {} s was reached", std::chrono::duration<double>(limits_.time).count());
}

} // namespace holdfast::consistency
