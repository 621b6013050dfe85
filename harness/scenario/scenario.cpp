#include "harness/scenario/scenario.hpp"

#include <algorithm>

namespace holdfast::scenario {

bool Scenario::names_link(const std::string& link) const {
  return std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
    const auto* when = std::get_if<AtPosition>(&step.trigger);
    return step.get<std::string>("link") == link || (when != nullptr && when->link == link);
  });
}

} // namespace holdfast::scenario
