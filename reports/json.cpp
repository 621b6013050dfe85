#include "reports/report.hpp"

#include <boost/json.hpp>

namespace holdfast::reports {

namespace js = boost::json;

namespace {

js::array examples_of(const verdict::FindingSummary& finding) {
  js::array examples;
  for (const auto& example : finding.examples)
    examples.emplace_back(example);
  return examples;
}

js::object check_of(const verdict::CheckSummary& check) {
  js::array findings;
  for (const auto& finding : check.findings)
    findings.push_back(js::object{{"kind", finding.kind},
                                  {"count", finding.count},
                                  {"users", finding.users},
                                  {"examples", examples_of(finding)}});
  return {{"name", check.name},       {"verdict", verdict::to_string(check.verdict)},
          {"judged", check.judged},   {"reason", check.reason},
          {"at_risk", check.at_risk}, {"examined", check.examined},
          {"findings", findings}};
}

js::object run_of(const verdict::Report& report) {
  js::array checks, phases, steps, notes;
  for (const auto& phase : report.phases)
    phases.push_back(js::object{{"name", phase.name}, {"took_ms", phase.took.count() / 1'000'000}});
  for (const auto& check : report.checks)
    checks.push_back(check_of(check));
  for (const auto& step : report.steps)
    steps.push_back(js::object{{"id", step.id},
                               {"kind", step.kind},
                               {"began_ms", step.began.count() / 1'000'000},
                               {"proven", step.proven},
                               {"evidence", step.evidence}});
  for (const auto& note : report.notes)
    notes.emplace_back(note);
  return {{"scenario", report.scenario},
          {"file", report.file},
          {"seed", report.seed},
          {"verdict", verdict::to_string(report.verdict)},
          {"reason", report.reason},
          {"bundle", report.bundle},
          {"users", report.users},
          {"operations", report.operations},
          {"took_ms", report.took.count() / 1'000'000},
          {"phases", phases},
          {"steps", steps},
          {"checks", checks},
          {"notes", notes},
          {"exit_status", report.exit_status}};
}

} // namespace

std::string json(const std::vector<verdict::Report>& reports) {
  js::array runs;
  auto worst = reports.empty() ? verdict::Verdict::inconclusive : reports[0].verdict;
  for (const auto& report : reports) {
    worst = verdict::worse(worst, report.verdict);
    runs.push_back(run_of(report));
  }
  return js::serialize(js::object{{"verdict", verdict::to_string(worst)}, {"runs", runs}}) + "\n";
}

} // namespace holdfast::reports
