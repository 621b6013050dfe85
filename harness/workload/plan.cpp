#include "harness/workload/plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace holdfast::workload {

namespace {

// A seed must give the same plan everywhere. The standard fixes the bits of its generators, but not what its
// distributions make of them: that differs between libraries. So plans are computed from the bits alone.
double unit(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11U) * 0x1.0p-53;
}
std::uint64_t below(std::mt19937_64& random, std::uint64_t bound) {
  return bound == 0 ? 0 : random() % bound;
}

} // namespace

ArrivalPlan::ArrivalPlan(const scenario::Scenario& scenario, std::uint64_t seed) : scenario_(scenario), random_(seed) {
  std::uint64_t sum = 0;
  for (const auto& [name, weight] : scenario.workload.journey) {
    operations_.push_back(scenario.stack.operation(name));
    weights_.push_back(sum += static_cast<std::uint64_t>(weight));
  }
}

Arrival ArrivalPlan::next() {
  // The gaps of a Poisson process: users who know nothing of each other. `unit` is below 1, so the logarithm is finite.
  const double gap = -std::log(1.0 - unit(random_)) / scenario_.workload.arrivals_per_second;
  at_ += scenario::Duration(static_cast<std::int64_t>(gap * 1e9));
  Arrival arrival;
  arrival.at = at_;
  arrival.number = ++number_;
  const auto users = static_cast<std::uint64_t>(scenario_.workload.users);
  arrival.user = below(random_, users);
  const auto pick = below(random_, weights_.back());
  arrival.operation = operations_[static_cast<std::size_t>(std::upper_bound(weights_.begin(), weights_.end(), pick) -
                                                           weights_.begin())];
  const auto& workload = scenario_.workload;
  arrival.amount = workload.amount_min +
                   static_cast<std::int64_t>(
                       below(random_, static_cast<std::uint64_t>(workload.amount_max - workload.amount_min) + 1));
  // Any user but the one who acts: a step of at least one and less than a full turn around the circle of users.
  arrival.peer = users < 2 ? arrival.user : (arrival.user + 1 + below(random_, users - 1)) % users;
  arrival.item = static_cast<int>(below(random_, 1000));
  return arrival;
}

std::vector<int> host_order(int hosts, std::uint64_t seed) {
  std::vector<int> order(static_cast<std::size_t>(hosts));
  std::iota(order.begin(), order.end(), 1);
  // The run's seed also makes the arrivals; mixed with the letters "hosts" it gives another sequence than theirs.
  std::mt19937_64 random(seed ^ 0x686f737473ULL);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[below(random, i)]);
  return order;
}

} // namespace holdfast::workload
