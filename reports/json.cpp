#include "harness/verdict/report_json.hpp"
#include "reports/report.hpp"

#include <boost/json.hpp>

namespace holdfast::reports {

std::string json(const std::vector<verdict::Report>& reports) {
  boost::json::array runs;
  // No run is no evidence, and not a pass.
  auto worst = reports.empty() ? verdict::Verdict::inconclusive : reports[0].verdict;
  for (const auto& report : reports) {
    worst = verdict::worse(worst, report.verdict);
    runs.push_back(verdict::to_json(report));
  }
  return boost::json::serialize(boost::json::object{{"verdict", verdict::to_string(worst)}, {"runs", runs}}) + "\n";
}

/// A file with several runs is refused: this reads what the process of one run leaves for the one that started it.
std::optional<verdict::Report> from_json(std::string_view text) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* runs = object == nullptr ? nullptr : object->if_contains("runs");
  if (runs == nullptr || !runs->is_array() || runs->get_array().size() != 1)
    return std::nullopt;
  return verdict::report_of(runs->get_array()[0]);
}

Format json_format() {
  return {.name = "json",
          .about = "one JSON object, for programs",
          .all = [](const std::vector<verdict::Report>& reports, Colour) { return json(reports); }};
}

} // namespace holdfast::reports
