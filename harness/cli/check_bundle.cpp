// holdfast check BUNDLE: the checks that a run is judged by.
#include "harness/checks/check.hpp"
#include "harness/cli/check.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/registry.hpp"
#include "harness/text/escape.hpp"
#include "reports/report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

namespace holdfast::cli {

const std::vector<std::string>& bundle_models() {
  static const auto names = [] {
    std::vector<std::string> all;
    for (const auto& check : checks::all_checks())
      all.emplace_back(check.name);
    return all;
  }();
  return names;
}

std::string kinds_table() {
  std::string out = "| check | kind | it says |\n|---|---|---|\n";
  for (const auto& check : checks::all_checks())
    for (const auto& kind : check.kinds)
      out += fmt::format("| {} | `{}` | {} |\n", check.name, kind.name, kind.about);
  return out;
}

Said check_bundle(const CheckOptions& options) {
  const auto& known = bundle_models();
  if (!options.model.empty() && std::find(known.begin(), known.end(), options.model) == known.end()) {
    return {.status = status::wrong_usage,
            .error = fmt::format("holdfast check: there is no model '{}' of a bundle: {}\n", options.model,
                                 scenario::suggest(options.model, known))};
  }
  // An option that would do nothing is an error: whoever gave it would believe that the verdict rests on it.
  const CheckOptions usual;
  for (const auto& [name, is_given] : {std::pair{"--consistency", !options.level.empty()},
                                       {"--declare", !options.declarations.empty()},
                                       {"--explain", !options.explain.empty()},
                                       {"--time-limit", options.time_limit != usual.time_limit},
                                       {"--memory-limit", options.memory_limit != usual.memory_limit}})
    if (is_given)
      return {.status = status::wrong_usage,
              .out = {},
              .error = fmt::format(
                  "holdfast check: {} is for histories; a run is judged by what its scenario declares\n", name)};
  const auto read = bundle::read(options.path, make_registry().catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read))
    return {.status = problem->is_damaged ? status::harness_failed : status::wrong_usage,
            .error = fmt::format("holdfast check: {}\n", text::terminal(problem->message))};
  const auto report = checks::judge(std::get<bundle::Bundle>(read), options.path, options.model);
  const auto& format = *reports::find_format(options.format); // it was chosen from the list
  const auto colour = isatty(STDOUT_FILENO) != 0 ? reports::Colour::on : reports::Colour::off;
  return {.status = report.exit_status,
          .out = (format.each != nullptr ? format.each(report, colour) : std::string{}) + format.all({report}, colour)};
}

} // namespace holdfast::cli
