// Checks: pure functions from a bundle to findings with evidence. One file a check; all.cpp lists them.
#pragma once

#include "harness/checks/facts.hpp"
#include "harness/scenario/key_schema.hpp"

#include <span>

namespace holdfast::checks {

/// One kind of finding of a check.
struct Kind {
  std::string_view name;
  std::string_view about; ///< what it says
};

struct Check {
  std::string_view name;
  std::string_view about;
  std::vector<Kind> kinds;
  bool of_instances = false; ///< its findings are about instances, not about users: what it passes is no survival
  /// It is about what users have, so that [expect] survive may name it. Where that names other checks only, this one
  /// counts only when it has found something.
  bool of_records = false;
  std::vector<scenario::KeySchema> declares = {}; ///< what [declare] NAME = { … } may tell it
  verdict::CheckResult (*run)(const Facts&) = nullptr;
};

/// In the order of reports.
[[nodiscard]] std::span<const Check> all_checks();

[[nodiscard]] verdict::CheckResult check_sessions(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_purchases(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_transactions(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_payments(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_processes(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_readiness(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_recovery(const Facts& facts);
[[nodiscard]] verdict::CheckResult check_availability(const Facts& facts);

/// Runs all checks and holds what they found against what the scenario expects: the verdict of a run. With `only`, the
/// name of a check, that one alone decides, whatever the scenario expects: is the history evidence that this survived?
[[nodiscard]] verdict::Report judge(const bundle::Bundle& bundle, const std::string& bundle_path,
                                    const std::string& only = {});

} // namespace holdfast::checks
