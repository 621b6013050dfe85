// Compares the findings that the [expect] of a reproduction names with those that the checks made.
#pragma once

#include "harness/checks/facts.hpp"

namespace holdfast::checks {

struct Difference {
  std::string what;     ///< empty: exactly as named
  bool lacking = false; ///< a finding that is named was not found
  /// Why what is lacking may be there all the same. Empty where every look counted.
  std::string doubt = {};
};

/// What a reproduction lacks or has too much.
[[nodiscard]] Difference difference(const Facts& facts, const std::vector<verdict::CheckResult>& results);

} // namespace holdfast::checks
