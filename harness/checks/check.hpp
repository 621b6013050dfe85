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
  /// Of what users have: [expect] may say that it survives, and where that names others only, this one decides only by
  /// what it has found.
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

/// All checks, and what the scenario expected of them: the verdict of a run. With the name of a check only that one,
/// whatever the scenario expects: is the history evidence that this survived?
[[nodiscard]] verdict::Report judge(const bundle::Bundle& bundle, const std::string& bundle_path,
                                    const std::string& only = {});

} // namespace holdfast::checks
