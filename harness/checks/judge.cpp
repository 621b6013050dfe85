// Judges a bundle: works out its facts, runs each check, drops findings that rest on operations which were never
// served, and collects the grounds of the verdict. `decide` picks the ground that counts. Nothing but the bundle is
// looked at, so that a saved one can be judged again.
#include "harness/checks/check.hpp"
#include "harness/checks/expectations.hpp"
#include "harness/checks/phases.hpp"
#include "harness/checks/precedence.hpp"
#include "harness/checks/summary.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using verdict::Verdict;

namespace {

/// Why no pass can rest on this run; nothing when one can.
std::optional<std::string> missing_evidence(const Facts& facts) {
  const auto& scenario = facts.bundle.scenario;
  if (!facts.ended)
    return facts.bundle.manifest.reason.empty() ? "the run did not come to its end" : facts.bundle.manifest.reason;
  if (!facts.steady_reached)
    return "the steady state before the first step was not reached: no operation succeeded";
  for (const auto& step : scenario.steps) {
    const auto found =
        std::find_if(facts.steps.begin(), facts.steps.end(), [&](const StepFact& one) { return one.id == step.id; });
    if (found == facts.steps.end())
      return fmt::format("step '{}' ({}) never began", step.id, step.kind);
    if (!found->proven)
      return fmt::format("step '{}' ({}) is not proven: {}", step.id, step.kind, found->evidence);
  }
  if (scenario.steps.empty() && !facts.cold_restarted && !scenario.expect.steady && facts.records_processes())
    return "nothing was done to the stack: the scenario has no step and no cold restart ([expect] steady = true where "
           "that "
           "is meant)";
  return std::nullopt;
}

/// Drops occurrences that rest on an operation which was never served as declared, and tells whether it dropped any:
/// the stack file is as likely to be wrong there as the service. When no login was ever served, no user had a session,
/// and nothing that users did is evidence: then all occurrences go. A check that failed by such occurrences alone
/// becomes inconclusive.
bool drop_unserved(const Facts& facts, verdict::CheckResult& result) {
  if (facts.unserved.names.empty())
    return false;
  const auto* login = facts.bundle.scenario.stack.operation(scenario::Role::login);
  const bool all = login != nullptr && facts.unserved.names.contains(login->name);
  bool dropped = false;
  for (auto& finding : result.findings)
    dropped =
        std::erase_if(finding.occurrences,
                      [&](const verdict::Occurrence& one) {
                        return all || std::any_of(one.operations.begin(), one.operations.end(),
                                                  [&](const auto* operation) { return facts.is_unserved(*operation); });
                      }) > 0 ||
        dropped;
  std::erase_if(result.findings, [](const verdict::Finding& finding) { return finding.occurrences.empty(); });
  if (dropped && result.findings.empty() && result.verdict == Verdict::fail) {
    result.verdict = Verdict::inconclusive;
    result.reason = facts.unserved.reason;
  }
  return dropped;
}

/// True when the result of a check counts for the verdict. Where [expect] survive names checks, another check of
/// records counts only when it has found something: that none of its records was at risk, because the step struck
/// elsewhere, must not make the run inconclusive.
bool decides(const Facts& facts, const Check& check, const verdict::CheckResult& result) {
  const auto& survive = facts.bundle.scenario.expect.survive;
  return !check.of_records || survive.empty() || survive.contains(result.name) || result.verdict == Verdict::fail;
}

std::string headline(const verdict::CheckResult& result, const verdict::CheckSummary& summary) {
  if (result.findings.empty())
    return result.name + ": " + result.reason;
  const auto who = verdict::affected(summary, summary.findings[0]);
  return result.name + ": " + result.findings[0].kind + (who.empty() ? "" : " (" + who + ")");
}

void add_notes(verdict::Report& report, const Facts& facts) {
  for (const auto& step : facts.bundle.scenario.steps)
    if (!step.checkpoint)
      report.notes.push_back(fmt::format("nothing was read back after step '{}': its scenario says so", step.id));
  for (const auto& event : facts.bundle.history.events) {
    if (const auto* warning = event.as<history::WarningEvent>())
      report.notes.push_back(warning->text);
    if (const auto* phase = event.as<history::PhaseEvent>();
        phase != nullptr && phase->state == history::PhaseEvent::State::skipped)
      report.notes.push_back(fmt::format("{} skipped: {}", history::name_of(phase->phase), phase->reason));
    if (const auto* process = event.as<history::ProcessEvent>();
        process != nullptr && process->state == history::ProcessEvent::State::stopped && process->killed)
      report.notes.push_back(fmt::format("{} did not end by its stop signal and was killed", process->instance));
  }
  if (facts.bundle.history.truncated)
    report.notes.emplace_back("the last line of the history was cut: the harness died while writing it");
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ","));
}

} // namespace

verdict::Report judge(const bundle::Bundle& bundle, const std::string& bundle_path, const std::string& only) {
  const Facts facts(bundle);
  verdict::Report report{.scenario = bundle.scenario.name,
                         .about = bundle.scenario.about,
                         .file = bundle.scenario.file,
                         .seed = bundle.manifest.seed,
                         .bundle = bundle_path,
                         .users = static_cast<std::size_t>(bundle.scenario.workload.users),
                         .operations = bundle.history.operations.size(),
                         .took = bundle.manifest.took};
  report.phases = phases_of(facts);
  for (const auto& step : facts.steps)
    report.steps.push_back({step.id, step.kind, step.began, step.proven, step.evidence, joined(step.instances)});
  add_notes(report, facts);

  Grounds grounds;
  bool any = false; // some check looked at what users have; checks of instances alone show no survival
  std::vector<verdict::CheckResult> results;
  for (const auto& check : all_checks()) {
    if (!only.empty() && check.name != only)
      continue;
    auto& result = results.emplace_back(check.run(facts));
    const bool dropped = drop_unserved(facts, result);
    verdict::CheckSummary summary{result.name,   result.verdict, result.applicable, check.of_instances,
                                  result.reason, result.at_risk, result.examined,   {}};
    for (const auto& finding : result.findings)
      summary.findings.push_back(summarize(facts, finding));
    report.notes.insert(report.notes.end(), result.notes.begin(), result.notes.end());
    // Somebody asked for this check by its name. If it does not apply, evidence is lacking; a check that nobody asked
    // for and that does not apply decides nothing.
    const bool named = !only.empty() || bundle.scenario.expect.survive.contains(result.name);
    if (!result.applicable) {
      summary.verdict = Verdict::inconclusive; // what did not look has not passed
      if (named && !grounds.lacking)
        grounds.lacking = result.name + ": " + result.reason;
      if (!result.says_why)
        continue;
    } else if (!only.empty() || decides(facts, check, result)) {
      any = any || !check.of_instances;
      if (result.verdict == Verdict::fail && !grounds.failed)
        grounds.failed = headline(result, summary);
      if (result.verdict == Verdict::inconclusive && !grounds.lacking)
        grounds.lacking = headline(result, summary);
      if (dropped && !grounds.never_served)
        grounds.never_served = facts.unserved.reason;
    }
    if (!result.findings.empty() && summary.reason.empty())
      summary.reason = result.findings[0].occurrences[0].what;
    report.checks.push_back(std::move(summary));
  }
  // A reproduction that has findings needs no evidence of survival: what single checks lack does not matter.
  if (bundle.scenario.expect.reproduction && only.empty() && grounds.failed)
    grounds.lacking.reset();
  // What the whole run lacks explains more than what a single check lacks, and replaces it as the reason. A stack file
  // that does not fit explains most.
  if (const auto missing = missing_evidence(facts))
    grounds.lacking = missing;
  if (!facts.unserved.names.empty() && facts.ended)
    grounds.lacking = facts.unserved.reason;
  // `drop_unserved` has removed what rests on operations that were never served: a check that still fails has findings
  // that stand without them.
  if (grounds.failed)
    grounds.never_served.reset();
  if (bundle.scenario.expect.reproduction && only.empty()) {
    grounds.is_reproduction = true;
    const auto different = difference(facts, results);
    grounds.failed.reset(); // the findings that it names are what it is for
    // A named finding that is lacking makes the reproduction inconclusive when the machine failed reads that might have
    // shown it, or when the run lacks evidence anyway; otherwise it fails. A finding that is not named fails it always.
    if (different.lacking && !grounds.lacking && !different.doubt.empty())
      grounds.lacking = fmt::format("{}; {}", different.what, different.doubt);
    if (!different.what.empty() && !(different.lacking && grounds.lacking))
      grounds.failed = different.what;
  }
  if (!any && !grounds.lacking)
    grounds.lacking = "no check applies: the stack's operations have no roles that one understands";
  using bundle::Ending;
  if (bundle.manifest.ending == Ending::harness_failed)
    grounds.harness_failed = bundle.manifest.reason;
  if (bundle.manifest.ending == Ending::interrupted)
    grounds.interrupted = bundle.manifest.reason;
  if (bundle.manifest.ending == Ending::stack_failed) // before the first step: nothing can have been lost yet
    grounds.never_served = bundle.manifest.reason;
  const auto decision = decide(grounds);
  report.verdict = decision.verdict;
  report.reason = decision.reason;
  report.exit_status = decision.exit_status;
  return report;
}

} // namespace holdfast::checks
