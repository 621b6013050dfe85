// What a plan costs the harness in open files, so that a run that cannot have them is not begun.
#pragma once

#include "harness/scenario/scenario.hpp"

namespace holdfast::run {

/// At least so many descriptors are open at once when a scenario is played; services with many connections to their
/// dependencies cost more.
[[nodiscard]] std::uint64_t least_descriptors(const scenario::Scenario& scenario);

} // namespace holdfast::run
