// JUnit's XML, as CI servers read it: a run is a test case. Inconclusive is an error: nothing of it may look green.
#include "harness/text/escape.hpp"
#include "reports/report.hpp"

#include <fmt/format.h>

namespace holdfast::reports {

using verdict::Verdict;

namespace {

double seconds(const verdict::Report& report) {
  return static_cast<double>(report.took.count()) / 1e9;
}

std::string body(const verdict::Report& report) {
  std::string text;
  for (const auto& check : report.checks)
    for (const auto& finding : check.findings) {
      const auto who = verdict::affected(check, finding);
      text += fmt::format("{} {}: {}{}{}\n", check.name, finding.kind, verdict::counted(finding.count, "case"),
                          who.empty() ? "" : ", ", who);
      if (!finding.examples.empty())
        text += finding.examples[0] + "\n";
    }
  return text + "bundle " + report.bundle;
}

} // namespace

std::string junit(const std::vector<verdict::Report>& reports) {
  std::size_t failures = 0, errors = 0;
  double time = 0;
  std::string cases;
  for (const auto& report : reports) {
    const bool failed = report.verdict == Verdict::fail, unsure = report.verdict == Verdict::inconclusive;
    failures += failed ? 1 : 0;
    errors += unsure ? 1 : 0;
    time += seconds(report);
    cases += fmt::format("  <testcase classname=\"{}\" name=\"{} seed {}\" time=\"{:.3f}\"", text::xml(report.file),
                         text::xml(report.scenario), report.seed, seconds(report));
    // Only what did not pass has a body. A reproduction that found what it names is a success.
    if (failed || unsure)
      cases += fmt::format(">\n    <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n  </testcase>\n",
                           failed ? "failure" : "error", verdict::to_string(report.verdict), text::xml(report.reason),
                           text::xml(body(report)));
    else
      cases += "/>\n";
  }
  return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"holdfast\" tests=\"{}\" "
                     "failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n{}</testsuite>\n",
                     reports.size(), failures, errors, time, cases);
}

Format junit_format() {
  return {.name = "junit",
          .about = "JUnit's XML, for CI servers",
          .all = [](const std::vector<verdict::Report>& reports, Colour) { return junit(reports); }};
}

} // namespace holdfast::reports
