// Recovery: how long it took from the end of each step until operations succeeded as in the steady state. What the run
// saw live is judged here; it counts only where the scenario says by when.
#include "harness/checks/check.hpp"

#include <fmt/format.h>

namespace holdfast::checks {

using history::RecoveryEvent;
using RecoveryState = RecoveryEvent::State;

verdict::CheckResult check_recovery(const Facts& facts) {
  verdict::CheckResult result{.name = "recovery"};
  const auto within = facts.bundle.scenario.expect.recovery_within;
  std::vector<std::string> lines;
  const history::Event* last_failed = nullptr;
  std::string failure;                    ///< what it says
  const RecoveryEvent* unasked = nullptr; ///< nobody asked for anything while it was waited for
  for (const auto& event : facts.bundle.history.events) {
    const auto* recovery = event.as<RecoveryEvent>();
    // The next step began before the stack had recovered. That says nothing, unless the limit had passed by then: then
    // it was late, although nobody waited for its end.
    const bool cut_short = recovery != nullptr && recovery->state == RecoveryState::next_step;
    if (recovery == nullptr || (cut_short && (!within || recovery->took <= *within)))
      continue;
    ++result.examined;
    const bool recovered = recovery->state == RecoveryState::recovered;
    // No operation was offered while the recovery was waited for: nothing can tell whether the stack had recovered, so
    // that this is neither a finding nor a pass.
    if (!recovered && facts.records_processes() && recovery->seen == 0) {
      unasked = recovery;
      lines.push_back(
          fmt::format("{}: nothing was offered within {}", recovery->after, scenario::format_duration(recovery->took)));
      continue;
    }
    lines.push_back(fmt::format("{}: {}{}", recovery->after, recovered ? "" : "not within ",
                                scenario::format_duration(recovery->took)));
    // A step that was not recovered from no longer matters once a later step was.
    if (!cut_short)
      last_failed = recovered ? nullptr : &event, failure = lines.back();
    if (!within || (recovered && recovery->took <= *within))
      continue;
    result.add(recovered ? "late" : "not recovered",
               {{}, event.sequence, event.time, fmt::format("after {}", lines.back()), {}});
  }
  // Not recovered at the end is a finding, whether a limit was declared or not; in a reproduction only if it was.
  if (!within && last_failed != nullptr && !facts.bundle.scenario.expect.reproduction)
    result.add("not recovered", {{}, last_failed->sequence, last_failed->time, fmt::format("after {}", failure), {}});
  result.applicable = within.has_value() || last_failed != nullptr;
  if (facts.bundle.scenario.expect.reproduction && !within)
    result.applicable = false;
  result.reason = fmt::format("{}", fmt::join(lines, "; "));
  if (result.examined == 0) {
    result.reason = "no recovery was observed";
    result.verdict = verdict::Verdict::inconclusive;
  } else if (const auto lag = facts.disturbance.worst_lag(); lag && result.verdict == verdict::Verdict::fail) {
    // The harness itself was late: what it measured of time proves nothing.
    result.findings.clear();
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = fmt::format("the harness's loop was up to {} late", scenario::format_duration(*lag));
  } else if (unasked != nullptr && result.verdict == verdict::Verdict::pass) {
    result.verdict = verdict::Verdict::inconclusive;
  }
  return result;
}

Check recovery_check() {
  return {.name = "recovery",
          .about = "operations succeed as before after each step",
          .kinds = {{"late", "they did, later than [expect] allows"},
                    {"not recovered", "they did not while it was waited for"}},
          .run = check_recovery};
}

} // namespace holdfast::checks
