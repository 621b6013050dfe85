// Success of the last moments, by operation and instance: what "has the stack recovered" is decided from while it runs.
#pragma once

#include "harness/history/operation.hpp"

#include <deque>
#include <functional>
#include <map>

namespace holdfast::workload {

class LiveCounters {
public:
  /// Served is an `ok` or a declared rejection; `status` 0 says that nobody answered.
  void count(const std::string& operation, const std::string& instance, history::Time time, history::Outcome outcome,
             int status);

  /// Takes the success since `from` as the steady state. False when nothing, or nothing successful, was counted.
  bool take_steady_state(history::Time from);

  /// True when, since `from`, every operation kind on every instance that `routed` names succeeded at least `ratio`
  /// times as often as in the steady state, and something was counted at all.
  [[nodiscard]] bool recovered(history::Time from, double ratio,
                               const std::function<bool(const std::string&)>& routed) const;

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; } ///< neither ok nor declared rejections
  void forget_before(history::Time time);

private:
  struct Sample {
    history::Time time;
    bool good;
  };
  using Key = std::pair<std::string, std::string>;
  [[nodiscard]] static std::pair<std::size_t, std::size_t> since(const std::deque<Sample>& samples, history::Time from);

  std::map<Key, std::deque<Sample>> samples_;
  std::map<Key, double> steady_;
  std::uint64_t total_ = 0;
  std::uint64_t failed_ = 0;
};

} // namespace holdfast::workload
