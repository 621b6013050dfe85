#include "harness/workload/live_counters.hpp"

#include <algorithm>

namespace holdfast::workload {

void LiveCounters::count(const std::string& operation, const std::string& instance, history::Time time, Served served) {
  ++total_;
  ++ended_[operation];
  failed_ += served == Served::no ? 1 : 0;
  served_[operation] += served == Served::yes ? 1 : 0;
  // A lost session says nothing of whether the service serves. Counted as a failure it would delay the recovery until
  // every user has signed in again, on a stack that has long recovered.
  if (served == Served::neither)
    return;
  ++counted_;
  samples_[{operation, instance}].push_back({time, served == Served::yes});
}

// All samples and the good ones since `from`. Samples are in the order in which operations ended, so the newest are
// looked at first, and old ones cost nothing.
std::pair<std::size_t, std::size_t> LiveCounters::since(const std::deque<Sample>& samples, history::Time from) {
  std::size_t all = 0, good = 0;
  for (auto sample = samples.rbegin(); sample != samples.rend() && sample->time >= from; ++sample) {
    ++all;
    good += sample->good ? 1 : 0;
  }
  return {all, good};
}

bool LiveCounters::take_steady_state(history::Time from) {
  std::size_t successes = 0;
  for (const auto& [key, samples] : samples_) {
    const auto [all, good] = since(samples, from);
    if (all > 0)
      steady_[key] = static_cast<double>(good) / static_cast<double>(all);
    successes += good;
  }
  return successes > 0;
}

bool LiveCounters::awaits_a_first() const {
  return std::any_of(begun_.begin(), begun_.end(), [this](const auto& one) { return !ended_.contains(one.first); });
}

std::size_t LiveCounters::served(const std::string& operation) const {
  const auto found = served_.find(operation);
  return found == served_.end() ? 0 : found->second;
}

std::size_t LiveCounters::shown(const std::string& operation) const {
  const auto found = shown_.find(operation);
  return found == shown_.end() ? 0 : found->second;
}

bool LiveCounters::recovered(history::Time from, double ratio,
                             const std::function<bool(const std::string&)>& routed) const {
  std::size_t counted = 0;
  for (const auto& [key, samples] : samples_) {
    // Users are not sent to an instance that the load balancer has taken out: its last failures would keep the stack
    // from ever having recovered.
    if (!routed(key.second))
      continue;
    const auto [all, good] = since(samples, from);
    if (all == 0)
      continue;
    counted += all;
    // An instance that served this operation only after the steady state is measured against full success. An operation
    // that has never been served by any instance does not work at all, and is not what the step has broken.
    const auto steady = steady_.find(key);
    if (steady == steady_.end() && served(key.first) == 0)
      continue;
    const double wanted = ratio * (steady == steady_.end() ? 1.0 : steady->second);
    if (static_cast<double>(good) < wanted * static_cast<double>(all))
      return false;
  }
  return counted > 0; // silence is no recovery
}

bool LiveCounters::acknowledged(history::Time from,
                                const std::function<bool(const std::string& operation, int host)>& on_path) const {
  return std::any_of(acknowledged_.begin(), acknowledged_.end(),
                     [&](const auto& one) { return one.second >= from && on_path(one.first.first, one.first.second); });
}

void LiveCounters::forget_before(history::Time time) {
  for (auto& [key, samples] : samples_)
    while (!samples.empty() && samples.front().time < time)
      samples.pop_front();
}

} // namespace holdfast::workload
