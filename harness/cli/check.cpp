// holdfast check: judges a saved bundle again, from its files alone.
#include "harness/checks/check.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/registry.hpp"
#include "reports/report.hpp"

#include <fmt/format.h>
#include <memory>
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

Command check_command() {
  auto options = std::make_shared<CheckOptions>();
  return {"check", "Judge a saved bundle again, from its files alone",
          [options](Arguments& arguments) {
            arguments.place("bundle", options->bundle, "the directory of a run");
            arguments.choice("--format", options->format, {"human", "json"}, "human or json");
          },
          [options] { return check(*options); }};
}

} // namespace holdfast::cli
