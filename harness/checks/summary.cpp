// Writes the examples of a finding for reports: the sentence of the check, a line for each operation that is evidence,
// and the step after which it showed. Only a few examples and a part of each answer are kept; reports escape them for
// their own format.
#include "harness/checks/summary.hpp"

#include "harness/text/escape.hpp"

#include <fmt/format.h>

namespace holdfast::checks {

namespace {

constexpr std::size_t example_limit = 3;
constexpr std::size_t reason_limit = 200; ///< whatever a service answers is bounded

std::string seconds(history::Time time) {
  return fmt::format("{:.3f}s", static_cast<double>(time.count()) / 1e9);
}

/// What a successful read showed of its list. A list that is declared and came back empty is told as "[0 entries]",
/// since that is what a loss looks like; an operation without a declared list gets nothing.
std::string list_of(const Facts& facts, const Operation& operation) {
  const auto* kind = facts.bundle.scenario.stack.operation(operation.name);
  const bool shows = kind != nullptr && kind->ok.list.has_value();
  if (operation.outcome != history::Outcome::ok || (!shows && operation.list.empty()))
    return {};
  auto text = fmt::format(" [{} entries", operation.list.size());
  for (std::size_t i = 0; i < operation.list.size() && i < 5; ++i)
    text += fmt::format("{} {}", i == 0 ? ":" : ",", operation.list[i].id);
  return text + (operation.list.size() > 5 ? ", …]" : "]");
}

std::string line_of(const Facts& facts, const Operation& operation) {
  auto text =
      fmt::format("  {} {} {} by {} at {}", operation.completed != 0 ? seconds(operation.complete_time) : "open   ",
                  operation.id, operation.name, operation.user,
                  operation.attempts.empty() ? operation.instance : operation.attempts.back().instance);
  for (const auto* key : {"amount", "peer", "item"})
    if (const auto value = operation.value(key); !value.empty())
      text += fmt::format(" {}={}", key, value);
  text += fmt::format(" → {}", operation.completed == 0 ? "open" : history::to_string(operation.outcome));
  if (operation.status != 0)
    text += fmt::format(" {}", operation.status);
  if (operation.attempts.size() > 1)
    text += fmt::format(" after {} attempts", operation.attempts.size());
  if (!operation.reason.empty())
    text += ": " + text::one_line(operation.reason, reason_limit);
  return text + list_of(facts, operation);
}

/// Around which step it happened: the one after which it showed first, or those that cannot be told apart.
std::string context_of(const Facts& facts, const verdict::Occurrence& occurrence) {
  const auto steps = facts.blamed(occurrence.known_good, occurrence.sequence);
  if (steps.empty())
    return "  before the first step";
  if (steps.size() == 1)
    return fmt::format("  after step '{}' ({} at {})", steps[0]->id, steps[0]->kind, seconds(steps[0]->began));
  std::string text = "  after one of the steps";
  for (std::size_t i = 0; i < steps.size(); ++i)
    text += fmt::format("{} '{}' ({} at {})",
                        i == 0                  ? ""
                        : i + 1 == steps.size() ? " or"
                                                : ",",
                        steps[i]->id, steps[i]->kind, seconds(steps[i]->began));
  return text + ": nothing was read back between them";
}

} // namespace

verdict::FindingSummary summarize(const Facts& facts, const verdict::Finding& finding) {
  verdict::FindingSummary summary{finding.kind, finding.occurrences.size(), 0, {}};
  std::set<std::string> users;
  for (const auto& one : finding.occurrences)
    users.insert(one.user);
  // Some cases are about no user: a late recovery, for one.
  users.erase("");
  summary.users = users.size();
  for (std::size_t i = 0; i < finding.occurrences.size() && i < example_limit; ++i) {
    const auto& one = finding.occurrences[i];
    auto text = one.what + "\n";
    for (const auto* operation : one.operations)
      text += line_of(facts, *operation) + "\n";
    text += context_of(facts, one);
    summary.examples.push_back(std::move(text));
  }
  return summary;
}

} // namespace holdfast::checks
