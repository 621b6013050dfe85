#include "harness/checks/expectations.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

namespace {

/// No checkpoint was completed between the last moment at which all was well and the look that showed otherwise: what
/// it showed may be as old as that moment, although it showed only now.
bool is_first_look(const Facts& facts, const verdict::Occurrence& occurrence) {
  return std::none_of(facts.checkpoints.begin(), facts.checkpoints.end(), [&](const Checkpoint& one) {
    return one.began > occurrence.known_good && one.ended != 0 && one.ended < occurrence.sequence;
  });
}

/// True when an occurrence first showed in the window of an expected finding: not before the step `after` began, nor
/// after the step `until` ended. An occurrence that showed later counts as well when it showed at the first look since
/// then and `until` is one of the steps to blame: what is lost during a step often shows only at the checkpoint after
/// it.
bool in_window(const Facts& facts, const scenario::ExpectedFinding& expected, const verdict::Occurrence& occurrence) {
  for (const auto& step : facts.steps) {
    if (step.id == expected.after && occurrence.sequence < step.began_sequence)
      return false;
    if (step.id != expected.until || step.ended_sequence == 0 || occurrence.sequence <= step.ended_sequence)
      continue;
    const auto blamed = facts.blamed(occurrence.known_good, occurrence.sequence);
    if (std::find(blamed.begin(), blamed.end(), &step) == blamed.end() || !is_first_look(facts, occurrence))
      return false;
  }
  return true;
}

} // namespace

Difference difference(const Facts& facts, const std::vector<verdict::CheckResult>& results) {
  const auto& expect = facts.bundle.scenario.expect;
  const auto all_users = static_cast<double>(facts.bundle.scenario.workload.users);
  // First what was found and is not named: reads that the machine failed can hide findings and cannot add any.
  for (const auto& result : results) {
    if (!result.applicable)
      continue;
    for (const auto& finding : result.findings)
      for (const auto& one : finding.occurrences) {
        const bool named = std::any_of(expect.findings.begin(), expect.findings.end(), [&](const auto& expected) {
          return expected.check == result.name && expected.kind == finding.kind && in_window(facts, expected, one);
        });
        if (!named)
          return {fmt::format("{} '{}' was found and not expected: {}", result.name, finding.kind, one.what), false};
      }
  }
  for (const auto& expected : expect.findings) {
    std::set<std::string> users;
    std::size_t count = 0;
    std::string doubt;
    for (const auto& result : results) {
      if (result.name != expected.check)
        continue;
      if (result.doubtful > 0)
        doubt = fmt::format("{} failed, and may have because of the machine: {}",
                            verdict::counted(result.doubtful, "read"), facts.disturbance.describe());
      for (const auto& finding : result.findings)
        if (finding.kind == expected.kind)
          for (const auto& one : finding.occurrences)
            if (in_window(facts, expected, one))
              users.insert(one.user), ++count;
    }
    if (count == 0)
      return {fmt::format("{} '{}' was expected and not found", expected.check, expected.kind), true, doubt};
    // For the same reason users that are missing may be in doubt, and users that are too many may not.
    const double share = static_cast<double>(users.size()) / all_users;
    if (expected.users && (share < expected.users->min || share > expected.users->max))
      return {fmt::format("{} '{}' was expected for {:.1f} to {:.1f} % of the users, and found for {:.1f} %",
                          expected.check, expected.kind, 100 * expected.users->min, 100 * expected.users->max,
                          100 * share),
              true, share < expected.users->min ? doubt : ""};
  }
  return {};
}

} // namespace holdfast::checks
