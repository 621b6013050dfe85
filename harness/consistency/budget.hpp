// What a judgement may cost. A search that has used it up is inconclusive; it never takes the machine with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace holdfast::consistency {

struct Limits {
  std::chrono::nanoseconds time = std::chrono::seconds{30};
  std::size_t memory = std::size_t{2} << 30; ///< bytes
};

/// Counts from its making. Cheap to ask: the clock is looked at once in some thousand times.
class Budget {
public:
  explicit Budget(const Limits& limits);

  /// To be told when a search's tables grow or shrink.
  void take(std::size_t bytes) { used_ += bytes; }
  void give_back(std::size_t bytes) { used_ -= bytes; }
  [[nodiscard]] bool exhausted() {
    if (used_ > limits_.memory)
      return true;
    return (++asked_ & asked_mask) == 0 ? out_of_time() : timed_out_;
  }
  /// "the time limit of 30s was reached"; only of one that is exhausted.
  [[nodiscard]] std::string reason() const;

private:
  static constexpr unsigned asked_mask = 4095;
  bool out_of_time();

  Limits limits_;
  std::chrono::steady_clock::time_point began_;
  std::size_t used_ = 0;
  unsigned asked_ = 0;
  bool timed_out_ = false;
};

} // namespace holdfast::consistency
