// Success of the last moments, by operation and instance: while the run goes on, "has the stack recovered" and "is
// something at risk" are decided from it. The verdict is not: that is judged from the history afterwards.
#pragma once

#include "harness/history/operation.hpp"

#include <deque>
#include <functional>
#include <map>

namespace holdfast::workload {

class LiveCounters {
public:
  /// How an operation counts.
  enum class Served {
    yes, ///< `ok`, or a declared rejection
    no,
    neither ///< the refusal of a session that had been accepted: that is a loss, and no question of being served
  };
  void begin(const std::string& operation) { ++begun_[operation]; }
  void count(const std::string& operation, const std::string& instance, history::Time time, Served served);
  /// Counts a reply that had something to show: not an empty list, which does not say whether the stack file describes
  /// its elements rightly.
  void show(const std::string& operation) { ++shown_[operation]; }
  /// An operation that changes something was acknowledged.
  void acknowledge(const std::string& operation, int host, history::Time time) {
    acknowledged_[{operation, host}] = time;
  }

  /// Takes the success since `from` as the steady state. False when nothing, or nothing successful, was counted.
  bool take_steady_state(history::Time from);

  /// True when, since `from`, every operation kind on every instance that `routed` names succeeded at least `ratio`
  /// times as often as in the steady state, and something was counted at all. What has never succeeded is not waited
  /// for.
  [[nodiscard]] bool recovered(history::Time from, double ratio,
                               const std::function<bool(const std::string&)>& routed) const;
  /// Operations that counted as served or as not served; a session that was lost counts as neither.
  [[nodiscard]] std::uint64_t counted() const { return counted_; }
  /// True when a change was acknowledged since `from`, by an operation and on a host for which `on_path` is true.
  [[nodiscard]] bool acknowledged(history::Time from,
                                  const std::function<bool(const std::string& operation, int host)>& on_path) const;
  /// True while some kind of operation has been begun and none of that kind has ended: whether the stack file fits it
  /// is not known yet.
  [[nodiscard]] bool awaits_a_first() const;
  /// How often an operation was served so far.
  [[nodiscard]] std::size_t served(const std::string& operation) const;
  /// How often it has shown something.
  [[nodiscard]] std::size_t shown(const std::string& operation) const;

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; } ///< neither ok nor declared rejections
  /// Drops the samples of before `time`, which no later question will reach. Totals stay.
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
  std::map<std::string, std::size_t> begun_, ended_;                  ///< by operation
  std::map<std::string, std::size_t> served_, shown_;                 ///< by operation
  std::map<std::pair<std::string, int>, history::Time> acknowledged_; ///< the last, by operation and host
  std::uint64_t total_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t failed_ = 0;
};

} // namespace holdfast::workload
