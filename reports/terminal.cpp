// One run as a person reads it, the most important first: verdict and reason, numbers, steps, checks, and the
// counterexamples below. What a scenario or a service said goes through text::terminal, since it may hold bytes that
// steer a terminal.
#include "harness/text/escape.hpp"
#include "reports/report.hpp"

#include <fmt/format.h>

namespace holdfast::reports {

using verdict::Verdict;

namespace {

std::string painted(Verdict verdict, const std::string& text, Colour colour) {
  if (colour == Colour::off)
    return text;
  const char* code = verdict == Verdict::pass         ? "32"
                     : verdict == Verdict::fail       ? "31"
                     : verdict == Verdict::reproduced ? "36"
                                                      : "33";
  return fmt::format("\033[1;{}m{}\033[0m", code, text);
}

std::string upper(Verdict verdict) {
  auto text = verdict::to_string(verdict);
  for (auto& c : text)
    c = static_cast<char>(std::toupper(c));
  return text;
}

std::string seconds(history::Time time) {
  return fmt::format("{:.2f} s", static_cast<double>(time.count()) / 1e9);
}

std::string share(std::size_t users, std::size_t all) {
  return all == 0 ? std::string{}
                  : fmt::format(" ({:.1f} %)", 100.0 * static_cast<double>(users) / static_cast<double>(all));
}

} // namespace

std::string terminal(const verdict::Report& report, Colour colour) {
  std::string out =
      fmt::format("{}  {}\n", painted(report.verdict, upper(report.verdict), colour), text::terminal(report.scenario));
  if (!report.about.empty())
    out += fmt::format("  {}\n", text::terminal(report.about));
  if (report.verdict != Verdict::pass && !report.reason.empty())
    out += text::terminal_lines(report.reason, "  → ");
  out += fmt::format("  {} users, {} operations, seed {}, {}\n", report.users, report.operations, report.seed,
                     seconds(report.took));
  std::string phases;
  for (const auto& phase : report.phases)
    phases += fmt::format("{}{} {}", phases.empty() ? "  " : " · ", phase.name, seconds(phase.took));
  if (!phases.empty())
    out += phases + "\n";
  if (!report.steps.empty())
    out += "\n  steps\n";
  for (const auto& step : report.steps)
    out += fmt::format("    {:>9}  {:<14} {:<12} {} {}\n", seconds(step.began), step.id, step.kind,
                       step.proven ? "proven:  " : "UNPROVEN:", text::clipped(text::terminal(step.evidence), 120));
  if (!report.checks.empty())
    out += "\n  checks\n";
  for (const auto& check : report.checks) {
    const auto label = fmt::format("{:<13}", check.judged ? verdict::to_string(check.verdict) : "not judged");
    if (check.findings.empty()) {
      out += fmt::format("    {:<13} {} {}\n", check.name, painted(check.verdict, label, colour),
                         text::terminal(check.reason));
      continue;
    }
    // The name and verdict of a check stand on the line of its first finding; the lines of its other findings are
    // indented below.
    bool first = true;
    for (const auto& finding : check.findings) {
      auto who = verdict::affected(check, finding);
      if (!who.empty())
        who += (check.of_instances ? "" : share(finding.users, report.users)) + ", ";
      out += fmt::format("    {:<13} {} {}: {}{}\n", first ? check.name : "",
                         painted(check.verdict, first ? label : std::string(13, ' '), colour), finding.kind, who,
                         verdict::counted(finding.count, "case"));
      first = false;
    }
  }
  for (const auto& check : report.checks)
    for (const auto& finding : check.findings)
      if (!finding.examples.empty())
        out += fmt::format("\n  {} {}, for example\n{}", check.name, finding.kind,
                           text::terminal_lines(finding.examples[0], "    "));
  for (const auto& note : report.notes)
    out += fmt::format("\n  note: {}\n", text::terminal(note));
  if (!report.bundle.empty())
    out += fmt::format("\n  bundle {}\n", report.bundle);
  return out;
}

namespace {

/// The closing lines of several runs.
std::string terminal_summary(const std::vector<verdict::Report>& reports, Colour colour) {
  // A single run has just been told in full.
  if (reports.size() < 2)
    return {};
  std::string out = fmt::format("\n{:<13} {:<34} {:>8}  {}\n", "verdict", "scenario", "time", "why");
  for (const auto& report : reports)
    out += fmt::format("{} {:<34} {:>8}  {}\n",
                       painted(report.verdict, fmt::format("{:<13}", verdict::to_string(report.verdict)), colour),
                       text::terminal(report.scenario), seconds(report.took),
                       text::clipped(text::terminal(report.reason.substr(0, report.reason.find('\n'))), 90));
  return out;
}

} // namespace

Format human_format() {
  return {.name = "human", .about = "for people, in a terminal", .each = terminal, .all = terminal_summary};
}

} // namespace holdfast::reports
