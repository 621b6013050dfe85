#include "harness/consistency/bounds.hpp"

#include <algorithm>

namespace holdfast::consistency {

Bounds::Bounds(std::vector<Addition> additions, Sum opening) : additions_(std::move(additions)), opening_(opening) {
  const auto sum_up = [&](Position Addition::*position, std::vector<Prefix>& prefixes) {
    std::sort(additions_.begin(), additions_.end(),
              [&](const Addition& a, const Addition& b) { return a.*position < b.*position; });
    Prefix sum{0, 0, 0};
    for (const auto& one : additions_) {
      (one.amount > 0 ? sum.positive : sum.negative) += one.amount;
      sum.position = one.*position;
      prefixes.push_back(sum);
    }
  };
  sum_up(&Addition::invoked, begun_);
  sum_up(&Addition::completed, ended_);
}

Bounds::Prefix Bounds::before(const std::vector<Prefix>& prefixes, Position position) {
  const auto end = std::partition_point(prefixes.begin(), prefixes.end(),
                                        [&](const Prefix& one) { return one.position < position; });
  return end == prefixes.begin() ? Prefix{0, 0, 0} : *(end - 1);
}

Interval Bounds::at(Position invoked, Position completed) const {
  const auto certain = before(ended_, invoked);
  // The read may lack every possible deposit and show every possible withdrawal, or the other way round; what is
  // certain is in both.
  const auto possible = before(begun_, completed); // what is certain is among it
  return {opening_ + certain.positive + possible.negative, opening_ + certain.negative + possible.positive};
}

std::vector<OperationId> Bounds::witnesses(Position invoked, Position completed, std::int64_t read,
                                           std::size_t limit) const {
  const auto [lower, upper] = at(invoked, completed);
  const bool is_low = read < lower;
  auto excess = is_low ? lower - read : read - upper; // of what is certain, so much more than the read needs
  auto certain = additions_;
  std::erase_if(certain, [&](const Addition& one) {
    return one.completed >= invoked || (is_low ? one.amount <= 0 : one.amount >= 0);
  });
  std::sort(certain.begin(), certain.end(),
            [](const Addition& a, const Addition& b) { return std::abs(a.amount) > std::abs(b.amount); });
  // `rest` is what would be missing from the bound if only the additions found so far were certain. Taking the largest
  // first, the fewest suffice until even without the rest the bound lies beyond the read.
  Sum rest = 0;
  for (const auto& one : certain)
    rest += std::abs(one.amount);
  std::vector<OperationId> found;
  for (const auto& one : certain) {
    if (rest < excess || found.size() == limit)
      break;
    rest -= std::abs(one.amount);
    found.push_back(one.operation);
  }
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace holdfast::consistency
