// Checks: pure functions from a bundle to findings with evidence. One file a check.
#pragma once

#include "harness/checks/facts.hpp"

namespace holdfast::checks {

[[nodiscard]] verdict::CheckResult check_sessions(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_purchases(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_transactions(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_payments(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_readiness(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_recovery(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_availability(const Facts& facts);

/// All checks, and what the scenario expected of them: the verdict of a run. With the name of a check only that one,
/// whatever the scenario expects: is the history evidence that this survived?
[[nodiscard]] verdict::Report judge(const bundle::Bundle& bundle, const std::string& bundle_path,
                                    const std::string& only = {});

} // namespace holdfast::checks
