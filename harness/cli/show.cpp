// holdfast show: reads a bundle in the terminal: what happened when, one user's operations, or the moment of a step.
#include "harness/cli/command.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/registry.hpp"
#include "reports/report.hpp"

#include <memory>

namespace holdfast::cli {

namespace {

struct ShowOptions {
  std::string bundle;
  reports::TimelineOptions timeline;
};

int show(const ShowOptions& options) {
  const auto read = bundle::read(options.bundle, make_registry().catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read))
    return wrong("show", *problem);
  const auto text = reports::timeline(std::get<bundle::Bundle>(read), options.bundle, options.timeline);
  if (const auto* problem = std::get_if<bundle::Problem>(&text))
    return wrong("show", *problem);
  Output output(Output::Reader::may_leave);
  output.write(std::get<std::string>(text));
  return output.finish(0);
}

} // namespace

Command show_command() {
  auto options = std::make_shared<ShowOptions>();
  return {"show", "Read a bundle in the terminal: timeline, probes, operations, logs",
          [options](Arguments& arguments) {
            arguments.place("bundle", options->bundle, "the directory of a run");
            arguments.option("--user", options->timeline.user, "with every operation of this user");
            arguments.option(
                "--around", options->timeline.step,
                "only the moment of this step, with the operations that failed, messages, what they held, and logs");
          },
          [options] { return show(*options); }};
}

} // namespace holdfast::cli
