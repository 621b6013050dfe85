// Logs: what a process of the stack must never write. forbidden: a line fits a pattern that the stack declares. Lines
// count from the first step on, or from the start where the stack says so.
#include "harness/checks/check.hpp"

#include "harness/bundle/logs.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/pattern.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

namespace {

constexpr std::size_t told_of_a_unit = 100; ///< lines; more are counted
constexpr std::size_t longest_line = 300;

/// When the first step began, or the cold restart where there was none. Nothing when neither did.
std::optional<history::Time> first_step(const Facts& facts) {
  std::optional<history::Time> first;
  const auto take = [&](history::Time time) { first = first ? std::min(*first, time) : time; };
  for (const auto& step : facts.steps)
    if (step.began_sequence != 0)
      take(step.began);
  using history::PhaseEvent;
  for (const auto& event : facts.bundle.history.events)
    if (const auto* phase = event.as<PhaseEvent>();
        phase != nullptr && phase->phase == PhaseEvent::Phase::cold_restart && phase->state == PhaseEvent::State::began)
      take(event.time);
  return first;
}

/// The sequence number of the last event that had happened by then. A line of a log has a time and no sequence number,
/// and steps are blamed by sequence numbers.
std::uint64_t sequence_at(const Facts& facts, history::Time time) {
  const auto& events = facts.bundle.history.events;
  const auto after = std::upper_bound(events.begin(), events.end(), time,
                                      [](history::Time at, const history::Event& event) { return at < event.time; });
  return after == events.begin() ? 0 : std::prev(after)->sequence;
}

verdict::CheckResult check_logs(const Facts& facts) {
  verdict::CheckResult result{.name = "logs"};
  const auto& told = facts.bundle.scenario.stack.declare.of_checks;
  const auto settings = told.find(result.name);
  if (settings == told.end()) {
    result.applicable = result.says_why = false;
    result.reason = "the stack has no [declare] logs";
    return result;
  }
  const auto from = scenario::get_from<std::string>(settings->second, "from") == "start"
                        ? std::optional(history::Time::min())
                        : first_step(facts);
  if (!from) {
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = "nothing was done to the stack: lines count from the first step on, or with from = \"start\"";
    return result;
  }
  std::vector<text::Pattern> forbidden;
  // Reading the stack file has refused patterns that cannot be compiled, so none is left out here.
  for (const auto& source :
       scenario::get_from<std::vector<std::string>>(settings->second, "forbid").value_or(std::vector<std::string>{}))
    if (auto compiled = text::Pattern::compile(source); auto* pattern = std::get_if<text::Pattern>(&compiled))
      forbidden.push_back(std::move(*pattern));
  std::map<std::string, std::size_t, std::less<>> found; ///< lines of each unit
  const auto read = bundle::for_each_log_line(facts.bundle.directory, [&](const bundle::LogLine& line) {
    if (line.time < *from)
      return;
    ++result.examined;
    const auto pattern = std::find_if(forbidden.begin(), forbidden.end(),
                                      [&](const text::Pattern& one) { return one.is_in(line.text); });
    if (pattern == forbidden.end())
      return;
    auto& count = found.try_emplace(std::string(line.unit), 0).first->second;
    // A process that panics in a loop writes thousands of such lines: the first ones are told, all are counted.
    if (++count > told_of_a_unit)
      return;
    const auto sequence = sequence_at(facts, line.time);
    result.add("forbidden", {std::string(line.unit),
                             sequence,
                             line.time,
                             fmt::format("{} wrote at {:.3f}s, against '{}': {}", line.unit,
                                         static_cast<double>(line.time.count()) / 1e9, pattern->source(),
                                         text::one_line(line.text, longest_line)),
                             {},
                             sequence});
  });
  for (const auto& [unit, count] : found)
    if (count > told_of_a_unit)
      result.notes.push_back(fmt::format("{} wrote {} such lines, of which {} are told", unit, count, told_of_a_unit));
  if (result.verdict == verdict::Verdict::fail)
    return result;
  // A forbidden line may have been among what was dropped.
  if (!read.cut.empty()) {
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = fmt::format("of the log of {} something was dropped for its size", fmt::join(read.cut, ", "));
  } else if (read.units == 0) { // a process that wrote nothing has an empty log
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = "the bundle holds no logs";
  } else {
    result.reason = fmt::format("none of {} fits", verdict::counted(result.examined, "line"));
  }
  return result;
}

} // namespace

Check logs_check() {
  return {.name = "logs",
          .about = "what no process of the stack may write",
          .kinds = {{"forbidden", "a line fits a pattern of [declare] logs"}},
          .of_instances = true,
          .declares = {{"forbid", scenario::ValueType::patterns, true, "patterns of RE2, looked for in every line"},
                       {"from", scenario::ValueType::string, false, "since when lines count", {"first step", "start"}}},
          .run = check_logs};
}

} // namespace holdfast::checks
