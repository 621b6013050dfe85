// Success of the last moments, by operation and instance: what "has the stack recovered" is decided from while it runs.
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
  /// An operation was answered by what it is read for: an empty list shows nothing of its elements.
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
  /// Operations that said something of being served.
  [[nodiscard]] std::uint64_t counted() const { return counted_; }
  /// Something was acknowledged since, by an operation and on a host that `on_path` names.
  [[nodiscard]] bool acknowledged(history::Time from,
                                  const std::function<bool(const std::string& operation, int host)>& on_path) const;
  /// Some operation was begun, and none of its kind has ended yet: nothing is known of it.
  [[nodiscard]] bool awaits_a_first() const;
  /// How often an operation was served so far.
  [[nodiscard]] std::size_t served(const std::string& operation) const;
  /// How often it has shown something.
  [[nodiscard]] std::size_t shown(const std::string& operation) const;

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
  std::map<std::string, std::size_t> begun_, ended_;                  ///< by operation
  std::map<std::string, std::size_t> served_, shown_;                 ///< by operation
  std::map<std::pair<std::string, int>, history::Time> acknowledged_; ///< the last, by operation and host
  std::uint64_t total_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t failed_ = 0;
};

} // namespace holdfast::workload
