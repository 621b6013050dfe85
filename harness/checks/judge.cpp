#include "harness/checks/check.hpp"
#include "harness/checks/phases.hpp"

#include "harness/history/secrets.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using verdict::Verdict;

namespace {

constexpr std::size_t example_limit = 3;
constexpr std::size_t text_limit = 400; ///< whatever a service answers is bounded

std::string seconds(history::Time time) {
  return fmt::format("{:.3f}s", static_cast<double>(time.count()) / 1e9);
}

std::string line_of(const Operation& operation) {
  auto text =
      fmt::format("  {} {} {} by {} at {}", operation.completed != 0 ? seconds(operation.complete_time) : "open   ",
                  operation.id, operation.name, operation.user,
                  operation.attempts.empty() ? operation.instance : operation.attempts.back().instance);
  for (const auto* key : {"amount", "peer", "item"})
    if (const auto value = operation.value(key); !value.empty())
      text += fmt::format(" {}={}", key, value);
  text += fmt::format(" → {}", history::to_string(operation.outcome));
  if (operation.status != 0)
    text += fmt::format(" {}", operation.status);
  if (operation.attempts.size() > 1)
    text += fmt::format(" after {} attempts", operation.attempts.size());
  if (!operation.reason.empty())
    text += ": " + operation.reason.substr(0, text_limit);
  if (operation.outcome == history::Outcome::ok && (operation.checkpoint != 0 || !operation.list.empty())) {
    text += fmt::format(" [{} entries", operation.list.size());
    for (std::size_t i = 0; i < operation.list.size() && i < 5; ++i)
      text += fmt::format("{} {}", i == 0 ? ":" : ",", operation.list[i].id);
    text += operation.list.size() > 5 ? ", …]" : "]";
  }
  return text;
}

/// The step that was last begun before, to show around what a finding happened.
std::string context_of(const Facts& facts, std::uint64_t sequence) {
  const StepFact* around = nullptr;
  for (const auto& step : facts.steps)
    if (step.began_sequence != 0 && step.began_sequence < sequence &&
        (around == nullptr || step.began_sequence > around->began_sequence))
      around = &step;
  return around == nullptr
             ? std::string("  before the first step")
             : fmt::format("  after step '{}' ({} at {})", around->id, around->kind, seconds(around->began));
}

verdict::FindingSummary summarize(const Facts& facts, const verdict::Finding& finding) {
  verdict::FindingSummary summary{finding.kind, finding.occurrences.size(), 0, {}};
  std::set<std::string> users;
  for (const auto& one : finding.occurrences)
    users.insert(one.user);
  users.erase("");
  summary.users = users.size();
  for (std::size_t i = 0; i < finding.occurrences.size() && i < example_limit; ++i) {
    const auto& one = finding.occurrences[i];
    auto text = one.what + "\n";
    for (const auto* operation : one.operations)
      text += line_of(*operation) + "\n";
    text += context_of(facts, one.sequence);
    summary.examples.push_back(std::move(text));
  }
  return summary;
}

/// True when an occurrence lies between the steps that an expected finding names.
bool in_window(const Facts& facts, const scenario::ExpectedFinding& expected, const verdict::Occurrence& occurrence) {
  for (const auto& step : facts.steps) {
    if (step.id == expected.after && occurrence.sequence < step.began_sequence)
      return false;
    if (step.id == expected.until && step.ended_sequence != 0 && occurrence.sequence > step.ended_sequence)
      return false;
  }
  return true;
}

struct Difference {
  std::string what; ///< empty: exactly as named
  bool lacking = false;
};

/// What a reproduction lacks or has too much.
Difference difference(const Facts& facts, const std::vector<verdict::CheckResult>& results) {
  const auto& expect = facts.bundle.scenario.expect;
  const auto all_users = static_cast<double>(facts.bundle.scenario.workload.users);
  for (const auto& expected : expect.findings) {
    std::set<std::string> users;
    std::size_t count = 0;
    for (const auto& result : results) {
      if (result.name != expected.check)
        continue;
      for (const auto& finding : result.findings)
        if (finding.kind == expected.kind)
          for (const auto& one : finding.occurrences)
            if (in_window(facts, expected, one))
              users.insert(one.user), ++count;
    }
    if (count == 0)
      return {fmt::format("{} '{}' was expected and not found", expected.check, expected.kind), true};
    const double share = static_cast<double>(users.size()) / all_users;
    if (expected.users && (share < expected.users->min || share > expected.users->max))
      return {fmt::format("{} '{}' was expected for {:.1f} to {:.1f} % of the users, and found for {:.1f} %",
                          expected.check, expected.kind, 100 * expected.users->min, 100 * expected.users->max,
                          100 * share),
              true};
  }
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
  return {};
}

/// Why no verdict can rest on this run; empty when one can.
std::string missing_evidence(const Facts& facts) {
  if (!facts.ended)
    return facts.bundle.manifest.reason.empty() ? "the run did not come to its end" : facts.bundle.manifest.reason;
  if (!facts.steady_reached)
    return "the steady state before the first step was not reached: no operation succeeded";
  for (const auto& step : facts.bundle.scenario.steps) {
    const auto found =
        std::find_if(facts.steps.begin(), facts.steps.end(), [&](const StepFact& one) { return one.id == step.id; });
    if (found == facts.steps.end())
      return fmt::format("step '{}' ({}) never began", step.id, step.kind);
    if (!found->proven)
      return fmt::format("step '{}' ({}) is not proven: {}", step.id, step.kind, found->evidence);
  }
  return {};
}

/// Operations that were never answered as the stack file says, before anything was done to the stack: there is nothing
/// to compare with, and the file is as likely to be wrong as the service.
struct Unserved {
  std::set<std::string> names;
  std::string reason; ///< of the first of them; empty without any
};

Unserved never_served(const Facts& facts) {
  constexpr std::size_t few = 5; // may be chance
  auto first_step = UINT64_MAX;
  for (const auto& step : facts.steps)
    if (step.began_sequence != 0)
      first_step = std::min(first_step, step.began_sequence);
  struct Tries {
    std::size_t count = 0;
    bool is_served = false;
    const Operation* last = nullptr;
  };
  std::map<std::string, Tries> tries;
  for (const auto& operation : facts.bundle.history.operations)
    if (operation.completed != 0 && operation.completed < first_step) {
      auto& of = tries[operation.name];
      ++of.count;
      of.is_served = of.is_served || operation.outcome != history::Outcome::info;
      of.last = &operation;
    }
  Unserved unserved;
  for (const auto& [name, of] : tries)
    if (of.count >= few && !of.is_served && unserved.names.insert(name).second && unserved.reason.empty())
      unserved.reason =
          fmt::format("'{}' was never answered as the stack file says before the first step, in {} tries; the last: {}",
                      name, of.count, of.last->reason.substr(0, text_limit));
  return unserved;
}

/// A finding that shows without what was never served. Who cannot log in has no session for anything else either.
bool stands(const Facts& facts, const verdict::CheckResult& result, const Unserved& unserved) {
  const auto* login = facts.bundle.scenario.stack.operation(scenario::Role::login);
  if (login != nullptr && unserved.names.contains(login->name))
    return false;
  const auto is_unserved = [&](const Operation* operation) { return unserved.names.contains(operation->name); };
  return std::any_of(result.findings.begin(), result.findings.end(), [&](const verdict::Finding& finding) {
    return std::any_of(finding.occurrences.begin(), finding.occurrences.end(), [&](const verdict::Occurrence& one) {
      return std::none_of(one.operations.begin(), one.operations.end(), is_unserved);
    });
  });
}

/// Where [expect] names what must survive, a check of records that it does not name is told and decides only what it
/// has found: a strike beside its path is no lack of evidence for the others.
bool decides(const Facts& facts, const verdict::CheckResult& result) {
  const auto& survive = facts.bundle.scenario.expect.survive;
  const bool of_records = result.name == "sessions" || result.name == "purchases" || result.name == "payments" ||
                          result.name == "transactions";
  return !of_records || survive.empty() || survive.contains(result.name) || result.verdict == Verdict::fail;
}

/// Reasons and evidence quote what services, configurations and servers say.
void mask_secrets(verdict::Report& report) {
  const auto mask = [](std::string& text) { text = history::mask_secrets(text); };
  mask(report.reason);
  for (auto& note : report.notes)
    mask(note);
  for (auto& step : report.steps)
    mask(step.evidence);
  for (auto& check : report.checks) {
    mask(check.reason);
    for (auto& finding : check.findings)
      for (auto& example : finding.examples)
        mask(example);
  }
}

} // namespace

verdict::Report judge(const bundle::Bundle& bundle, const std::string& bundle_path, const std::string& only) {
  const Facts facts(bundle);
  std::vector<verdict::CheckResult> results = {
      check_sessions(facts),  check_purchases(facts), check_transactions(facts), check_payments(facts),
      check_readiness(facts), check_recovery(facts),  check_availability(facts)};
  if (!only.empty())
    std::erase_if(results, [&](const auto& result) { return result.name != only; });
  verdict::Report report{.scenario = bundle.scenario.name,
                         .about = bundle.scenario.about,
                         .file = bundle.scenario.file,
                         .seed = bundle.manifest.seed,
                         .bundle = bundle_path,
                         .users = static_cast<std::size_t>(bundle.scenario.workload.users),
                         .operations = bundle.history.operations.size(),
                         .took = bundle.manifest.took};
  report.phases = phases_of(facts);
  for (const auto& step : bundle.scenario.steps)
    if (!step.checkpoint)
      report.notes.push_back(fmt::format("nothing was read back after step '{}': its scenario says so", step.id));
  for (const auto& step : facts.steps)
    report.steps.push_back({step.id, step.kind, step.began, step.proven, step.evidence, step.instances});
  for (const auto& event : bundle.history.events) {
    if (event.type == "warning")
      report.notes.push_back(event.field("text"));
    if (event.type == "phase" && event.field("state") == "skipped")
      report.notes.push_back(fmt::format("{} skipped: {}", event.field("name"), event.field("reason")));
  }
  if (bundle.history.truncated)
    report.notes.emplace_back("the last line of the history was cut: the harness died while writing it");

  Verdict worst = Verdict::pass;
  std::string reason;
  bool any = false;
  const auto unserved = never_served(facts);
  bool any_stands = false; // of findings that decide
  for (auto& result : results) {
    verdict::CheckSummary summary{
        result.name, result.verdict, result.applicable, result.reason, result.at_risk, result.examined, {}};
    for (const auto& finding : result.findings)
      summary.findings.push_back(summarize(facts, finding));
    const bool named = !only.empty() || bundle.scenario.expect.survive.contains(result.name);
    if (!result.applicable) {
      summary.verdict = Verdict::inconclusive; // what did not look has not passed
      if (named)
        worst = verdict::worse(worst, Verdict::inconclusive), reason = result.name + ": " + result.reason;
      if (result.reason.starts_with("the stack has no"))
        continue;
    } else if (!only.empty() || decides(facts, result)) {
      any = any || result.name != "readiness";
      any_stands = any_stands || stands(facts, result, unserved);
      if (verdict::worse(result.verdict, worst) != worst) {
        reason = result.name;
        const auto who = summary.findings.empty() ? std::string{} : verdict::affected(result.name, summary.findings[0]);
        reason += ": " + (result.findings.empty() ? result.reason : result.findings[0].kind);
        reason += who.empty() ? "" : " (" + who + ")";
      }
      worst = verdict::worse(worst, result.verdict);
    }
    if (!result.findings.empty() && summary.reason.empty())
      summary.reason = result.findings[0].occurrences[0].what;
    report.checks.push_back(std::move(summary));
  }
  const auto missing = missing_evidence(facts);
  if (bundle.scenario.expect.reproduction && only.empty()) {
    const auto different = difference(facts, results);
    const bool undecided = worst == Verdict::inconclusive;
    reason =
        different.what.empty() ? (undecided ? reason : "exactly the findings that the scenario names") : different.what;
    worst = !different.what.empty() ? Verdict::fail : undecided ? Verdict::inconclusive : Verdict::reproduced;
    if (different.lacking && !missing.empty())
      worst = Verdict::inconclusive, reason = missing;
  }
  if (!any && worst == Verdict::pass)
    worst = Verdict::inconclusive,
    reason = "no check applies: the stack's operations have no roles that one understands";
  if (!missing.empty() && worst != Verdict::fail)
    worst = Verdict::inconclusive, reason = missing;
  if (facts.ended && !unserved.names.empty() && !any_stands)
    worst = Verdict::inconclusive, reason = unserved.reason;
  if (!missing.empty() && !facts.ended && bundle.scenario.expect.reproduction)
    worst = Verdict::inconclusive, reason = missing;
  // What teardown did to operations is no evidence of anything.
  if (bundle.manifest.ending != bundle::Ending::completed)
    worst = Verdict::inconclusive, reason = bundle.manifest.reason;
  report.verdict = worst;
  report.reason = reason;
  report.exit_status = verdict::exit_status(worst);
  if (bundle.manifest.ending == bundle::Ending::interrupted)
    report.exit_status = 130;
  if (bundle.manifest.ending == bundle::Ending::harness_failed)
    report.exit_status = 4;
  mask_secrets(report);
  return report;
}

} // namespace holdfast::checks
