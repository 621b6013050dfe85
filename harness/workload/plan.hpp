// What users are going to do, fixed by the seed: who, which operation, with which values, at what time. Pure.
#pragma once

#include "harness/scenario/scenario.hpp"

#include <random>

namespace holdfast::workload {

struct Arrival {
  scenario::Duration at{}; ///< on the timeline
  std::size_t user = 0;
  const scenario::Operation* operation = nullptr;
  std::uint64_t number = 0;
  std::int64_t amount = 0;
  std::size_t peer = 0; ///< another user, when there is more than one
  int item = 0;
};

/// An endless stream of arrivals with exponential gaps; equal for equal seeds.
class ArrivalPlan {
public:
  ArrivalPlan(const scenario::Scenario& scenario, std::uint64_t seed);
  [[nodiscard]] Arrival next();

private:
  const scenario::Scenario& scenario_;
  std::mt19937_64 random_;
  std::vector<const scenario::Operation*> operations_; ///< of the journey
  std::vector<std::uint64_t> weights_;                 ///< running sums
  scenario::Duration at_{};
  std::uint64_t number_ = 0;
};

/// All hosts in an order that the seed chooses: a step about n hosts takes the first n, the same in every step.
[[nodiscard]] std::vector<int> host_order(int hosts, std::uint64_t seed);

} // namespace holdfast::workload
