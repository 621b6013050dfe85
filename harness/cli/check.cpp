// holdfast check: judges a saved bundle again, from its files alone.
#include "harness/checks/check.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/registry.hpp"
#include "reports/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace holdfast::cli {

namespace {

struct CheckOptions {
  std::string bundle;
  std::string format = "human";
};

int check(const CheckOptions& options) {
  const auto read = bundle::read(options.bundle, make_registry().catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read)) {
    fmt::print(stderr, "holdfast check: {}\n", problem->message);
    return wrong_usage;
  }
  const auto report = checks::judge(std::get<bundle::Bundle>(read), options.bundle);
  if (options.format == "json")
    fmt::print("{}", reports::json({report}));
  else
    fmt::print("{}",
               reports::terminal(report, isatty(STDOUT_FILENO) != 0 ? reports::Colour::on : reports::Colour::off));
  return report.exit_status;
}

} // namespace

Command add_check(CLI::App& app) {
  auto options = std::make_shared<CheckOptions>();
  auto* parser = app.add_subcommand("check", "Judge a saved bundle again, from its files alone");
  parser->add_option("bundle", options->bundle, "the directory of a run")->required();
  parser->add_option("--format", options->format, "human or json")->check(CLI::IsMember({"human", "json"}));
  return {parser, [options] { return check(*options); }};
}

} // namespace holdfast::cli
