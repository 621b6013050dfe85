// Markdown, as a pull request shows it: what was decided and why on top, and the counterexamples folded below.
#include "harness/text/escape.hpp"
#include "reports/report.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::reports {

using verdict::Verdict;

namespace {

constexpr std::size_t longest_reason = 200;

std::string seconds(history::Time time) {
  return fmt::format("{:.2f} s", static_cast<double>(time.count()) / 1e9);
}

bool is_good(const verdict::Report& report) {
  return report.verdict == Verdict::pass || report.verdict == Verdict::reproduced;
}

/// Text as it is, between fences that are longer than any in it: nothing that a service said ends the block.
std::string fenced(std::string_view text) {
  std::size_t longest = 2, length = 0;
  for (const char c : text) {
    length = c == '`' ? length + 1 : 0;
    longest = std::max(longest, length);
  }
  const std::string fence(longest + 1, '`');
  return fmt::format("{}text\n{}{}\n", fence, text::terminal_lines(text, ""), fence);
}

std::string checks_of(const verdict::Report& report) {
  std::string out = "| check | verdict | what it saw |\n|---|---|---|\n";
  for (const auto& check : report.checks) {
    // The reason tells what a check without findings saw; where there are findings, they take its place.
    std::string saw = text::markdown(text::one_line(check.reason, longest_reason));
    if (!check.findings.empty()) {
      saw.clear();
      for (const auto& finding : check.findings) {
        const auto who = verdict::affected(check, finding);
        saw += fmt::format("{}**{}**: {}{}", saw.empty() ? "" : "; ", text::markdown(finding.kind),
                           who.empty() ? "" : who + ", ", verdict::counted(finding.count, "case"));
      }
    }
    out += fmt::format("| {} | {} | {} |\n", text::markdown(check.name),
                       check.judged ? verdict::to_string(check.verdict) : "not judged", saw);
  }
  return out;
}

std::string steps_of(const verdict::Report& report) {
  if (report.steps.empty())
    return {};
  std::string out = "\n| step | kind | began | proven |\n|---|---|---|---|\n";
  for (const auto& step : report.steps)
    out += fmt::format("| {} | {} | {} | {}{} |\n", text::markdown(step.id), text::markdown(step.kind),
                       seconds(step.began),
                       step.proven ? "" : "**no**: ", text::markdown(text::one_line(step.evidence, longest_reason)));
  return out;
}

/// Everything that is known of one run, folded.
std::string details_of(const verdict::Report& report) {
  std::string out = fmt::format("\n<details><summary>{} (seed {}): {}</summary>\n\n", text::html(report.scenario),
                                report.seed, text::html(text::one_line(report.reason, longest_reason)));
  out += checks_of(report) + steps_of(report);
  for (const auto& check : report.checks)
    for (const auto& finding : check.findings)
      if (!finding.examples.empty())
        out += fmt::format("\n{} {}, for example:\n\n{}", text::markdown(check.name), text::markdown(finding.kind),
                           fenced(finding.examples[0]));
  for (const auto& note : report.notes)
    out += fmt::format("\n- {}", text::markdown(text::one_line(note, longest_reason)));
  if (!report.bundle.empty())
    out += fmt::format("\n\nBundle: {}\n", text::markdown(report.bundle));
  return out + "\n</details>\n";
}

std::string markdown(const std::vector<verdict::Report>& reports, Colour) {
  auto worst = Verdict::pass;
  std::size_t good = 0;
  for (const auto& report : reports) {
    worst = verdict::worse(worst, report.verdict);
    good += is_good(report) ? 1 : 0;
  }
  if (reports.empty())
    return "### Holdfast: nothing was played\n";
  auto out = fmt::format("### Holdfast: {}\n\n{} of {} passed.\n\n", verdict::to_string(worst), good,
                         verdict::counted(reports.size(), "run"));
  out += "| verdict | scenario | seed | time | why |\n|---|---|---|---|---|\n";
  for (const auto& report : reports)
    out += fmt::format("| {} | {} | {} | {} | {} |\n",
                       is_good(report) ? std::string(verdict::to_string(report.verdict))
                                       : fmt::format("**{}**", verdict::to_string(report.verdict)),
                       text::markdown(report.scenario), report.seed, seconds(report.took),
                       text::markdown(text::one_line(report.reason, longest_reason)));
  // Runs that passed have nothing to explain: their row in the table is all.
  for (const auto& report : reports)
    if (!is_good(report))
      out += details_of(report);
  return out;
}

} // namespace

Format markdown_format() {
  return {.name = "markdown", .about = "as a pull request shows it", .all = markdown};
}

} // namespace holdfast::reports
