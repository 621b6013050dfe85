// Where the time of a run went, from its events.
#pragma once

#include "harness/checks/facts.hpp"

namespace holdfast::checks {

/// In the order in which they happen; what did not happen is left out. The timeline is counted without the checkpoints
/// that it stood still for.
[[nodiscard]] std::vector<verdict::PhaseLine> phases_of(const Facts& facts);

} // namespace holdfast::checks
