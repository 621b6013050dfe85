#include "harness/workload/live_counters.hpp"

namespace holdfast::workload {

void LiveCounters::count(const std::string& operation, const std::string& instance, history::Time time,
                         history::Outcome outcome, int status) {
  const bool good = outcome == history::Outcome::ok || (outcome == history::Outcome::fail && status != 0);
  samples_[{operation, instance}].push_back({time, good});
  ++total_;
  failed_ += good ? 0 : 1;
}

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

bool LiveCounters::recovered(history::Time from, double ratio,
                             const std::function<bool(const std::string&)>& routed) const {
  std::size_t counted = 0;
  for (const auto& [key, samples] : samples_) {
    if (!routed(key.second))
      continue;
    const auto [all, good] = since(samples, from);
    if (all == 0)
      continue;
    counted += all;
    const auto steady = steady_.find(key);
    const double wanted = ratio * (steady == steady_.end() ? 1.0 : steady->second);
    if (static_cast<double>(good) < wanted * static_cast<double>(all))
      return false;
  }
  return counted > 0;
}

void LiveCounters::forget_before(history::Time time) {
  for (auto& [key, samples] : samples_)
    while (!samples.empty() && samples.front().time < time)
      samples.pop_front();
}

} // namespace holdfast::workload
