#include "harness/consistency/isolation/judgement.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::isolation {

namespace {

std::vector<Interval> intervals_of(const Transactions& transactions) {
  std::vector<Interval> intervals;
  intervals.reserve(transactions.count());
  FlatIndex processes;
  std::uint32_t known = 0;
  for (const auto& operation : transactions.history->operations) {
    const auto process = processes.insert(0, static_cast<std::uint64_t>(operation.process), known);
    known += process == known ? 1 : 0;
    // What failed or is unknown precedes nothing: it need not have happened before anything, if at all.
    const auto completion = operation.outcome == Outcome::ok ? operation.completion : never;
    intervals.push_back({operation.invocation, completion, process});
  }
  return intervals;
}

std::string order_sentence(const History& history, const Link& link) {
  const auto from = name_of(history, link.from);
  const auto to = name_of(history, link.to);
  if (link.kind == Kind::process)
    return fmt::format("process {} had {} acknowledged before it began {}", history.operations[link.from].process, from,
                       to);
  return fmt::format("{} was acknowledged (event {}) before {} began (event {})", from,
                     history.operations[link.from].completion, to, history.operations[link.to].invocation);
}

/// One sentence for each edge, joined to one for the cycle.
Anomaly explained(const History& history, const Cycle& cycle, const Explain& explain) {
  Anomaly anomaly;
  std::string path;
  for (const auto& link : cycle) {
    const auto why = (bit(link.kind) & order_kinds) != 0 ? order_sentence(history, link) : explain(link);
    anomaly.operations.push_back(link.from);
    anomaly.edges.push_back({link.from, link.to, std::string(label(link.kind)), why});
    path += (path.empty() ? "" : ", and ") + why;
  }
  anomaly.what = path + ": a cycle";
  return anomaly;
}

} // namespace

std::string name_of(const History& history, OperationId id) {
  const auto& operation = history.operations[id];
  const auto line = operation.complete_line != 0 ? operation.complete_line : operation.invoke_line;
  return line == 0 ? fmt::format("T{}", id) : fmt::format("T{} (line {})", id, line);
}

std::string level_of(const Question& question, Promises promises) {
  auto level = canonical_level(question.consistency.empty() ? "strict-serializable" : question.consistency);
  return promises == Promises::to_transactions && !guarantees_of(level).empty() ? std::string{} : level;
}

Result unknown_because(std::string reason) {
  Result result;
  result.reason = std::move(reason);
  return result;
}

Result unknown_level(const Question& question, Promises promises) {
  return unknown_because(fmt::format("there is no consistency level \"{}\": {}", question.consistency,
                                     fmt::join(level_names(promises), ", ")));
}

std::string ambiguity_of(const Result& result, std::string_view kind) {
  const auto found = std::find_if(result.findings.begin(), result.findings.end(),
                                  [&](const Finding& finding) { return finding.kind == kind; });
  return found == result.findings.end() ? std::string{} : found->examples.front().what;
}

Result judge(Case found, const std::string& level, const Explain& explain, Budget& budget) {
  const auto& history = *found.transactions.history;
  auto& result = found.result;
  const auto intervals = intervals_of(found.transactions);
  const auto cycles = find_cycles(found.dependencies, intervals, budget);
  for (const auto& [kind, cycle] : cycles.found)
    result.add(kind, explained(history, cycle, explain));

  std::vector<std::string> kinds;
  for (const auto& finding : result.findings)
    kinds.push_back(finding.kind);
  result.ruled_out = ruled_out_by(kinds);
  for (auto& finding : result.findings)
    finding.is_allowed = finding.kind != found.written_twice && !rules_out(finding.kind, level);
  // Violations of the level first, by gravity, then what lies beyond it.
  const auto order = [&](const Finding& one) { return std::pair(!rules_out(one.kind, level), rank(one.kind)); };
  std::stable_sort(result.findings.begin(), result.findings.end(),
                   [&](const Finding& a, const Finding& b) { return order(a) < order(b); });
  const bool is_violated = !result.findings.empty() && rules_out(result.findings.front().kind, level);
  result.examined =
      static_cast<std::size_t>(std::count_if(history.operations.begin(), history.operations.end(),
                                             [](const Operation& one) { return one.outcome != Outcome::fail; }));
  conclude(result, history, {found.transactions.reads, found.transactions.writes}, is_violated);
  if (is_violated || result.validity == Validity::unknown)
    return std::move(result);

  // No violation was found. That means valid only if nothing was left undecided that the level rules out.
  std::string doubt = found.ambiguity;
  const auto undecided = std::find_if(cycles.undecided.begin(), cycles.undecided.end(),
                                      [&](const std::string& kind) { return rules_out(kind, level); });
  if (cycles.is_exhausted && guarantees_of(level).empty()) // to sessions alone no cycle matters
    doubt = budget.reason();
  else if (undecided != cycles.undecided.end())
    doubt = fmt::format("the search for {} was given up: too many transactions depend on each other", *undecided);
  if (!doubt.empty()) {
    result.validity = Validity::unknown;
    result.reason = doubt;
  }
  return std::move(result);
}

} // namespace holdfast::consistency::isolation
