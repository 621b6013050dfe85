// Findings as reports show them: numbers, and examples worked out in words.
#pragma once

#include "harness/checks/facts.hpp"

namespace holdfast::checks {

[[nodiscard]] verdict::FindingSummary summarize(const Facts& facts, const verdict::Finding& finding);

} // namespace holdfast::checks
