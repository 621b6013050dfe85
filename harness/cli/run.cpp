// holdfast run: plays scenarios, each in a worker process of its own, and judges what they recorded.
#include "harness/campaign/campaign.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/registry.hpp"
#include "harness/text/output_file.hpp"
#include "harness/text/standard_error.hpp"
#include "reports/report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

namespace holdfast::cli {

namespace {

struct RunOptions {
  std::vector<std::string> paths;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> settings;
  std::vector<std::string> allowed_external;
  std::string out = "bundles";
  std::string format = "human";
  std::string junit;
  std::uint64_t jobs = 1;
  std::uint64_t repeat = 1;
  bool fail_fast = false;
  bool keep_secrets = false;
};

constexpr std::size_t told_in_full = 8; ///< of more runs only those that did not pass

int run_all(const RunOptions& options) {
  const auto files = find_scenarios(options.paths);
  const auto settings = parse_settings(options.settings);
  if (!files || !settings)
    return status::wrong_usage;
  const auto registry = make_registry();
  auto catalog = registry.catalog();
  catalog.allowed_external = options.allowed_external;
  // All files are read before anything is played: a mistake in the last one is told now and not after hours.
  std::vector<campaign::Planned> plans;
  bool wrong = false;
  for (const auto& file : *files) {
    auto loaded = scenario::load_scenario(file, catalog, *settings);
    if (!loaded.scenario) {
      text::to_standard_error(scenario::describe(loaded.diagnostics));
      wrong = true;
      continue;
    }
    const auto seed = options.seed.value_or(loaded.scenario->seed);
    const auto shared = std::make_shared<const scenario::Scenario>(std::move(*loaded.scenario));
    // Repetitions share the scenario and differ in their seeds alone, so that each can be played again by itself with
    // --seed.
    for (std::uint64_t i = 0; i < options.repeat; ++i)
      plans.push_back({shared, seed + i});
  }
  if (wrong)
    return status::wrong_usage;
  const auto colour = isatty(STDOUT_FILENO) != 0 ? reports::Colour::on : reports::Colour::off;
  Output output(Output::Reader::needed);
  std::optional<text::OutputFile> junit; // made first: nobody wants to learn after a night that it cannot be written
  if (!options.junit.empty())
    if (const auto& problem = junit.emplace(options.junit).problem()) {
      output.fail(*problem);
      return output.finish(status::harness_failed);
    }
  const auto& format = *reports::find_format(options.format); // it was chosen from the list
  std::size_t told = 0;
  // Each report is shown when it comes, for whoever watches. Of many runs only those that did not pass are shown by
  // themselves; what a format tells of all runs follows at the end.
  const auto played =
      campaign::play(plans, registry,
                     {.out = options.out,
                      .jobs = options.jobs,
                      .fail_fast = options.fail_fast,
                      .quiet = format.each == nullptr,
                      .keep_secrets = options.keep_secrets,
                      .settings = *settings},
                     [&](const verdict::Report& report) {
                       if (format.each != nullptr && (plans.size() <= told_in_full || report.exit_status != 0))
                         output.write(fmt::format("{}{}", told++ > 0 ? "\n" : "", format.each(report, colour)));
                       output.flush();
                     });
  if (junit) {
    junit->stream() << reports::junit(played.reports);
    if (const auto problem = junit->finish())
      output.fail(*problem);
  }
  output.write(format.all(played.reports, colour));
  return output.finish(played.exit_status());
}

} // namespace

Command run_command() {
  auto options = std::make_shared<RunOptions>();
  return {
      "run", "Play scenarios and judge what they recorded",
      [options](Arguments& arguments) {
        arguments.places("paths", options->paths, "scenario files, or folders to search");
        arguments.option("--seed", options->seed,
                         "another seed than the scenario's: it fixes users, operations, times and ids");
        arguments.repeatable("--set", options->settings,
                             "KEY=VALUE: another value for a key of the scenario, for example workload.users=60000");
        arguments.repeatable("--allow-external", options->allowed_external, allow_external_help);
        arguments.option("--out", options->out, "where bundles go (default: bundles)");
        arguments.count("--jobs", options->jobs, 256, "so many runs at a time (default 1)");
        arguments.count("--repeat", options->repeat, 1'000'000, "play each so often, every time with the next seed");
        arguments.flag("--fail-fast", options->fail_fast, "begin no further run after one that did not pass");
        arguments.flag("--keep-secrets", options->keep_secrets,
                       "leave passwords, tokens and the like in bundles as they are; without it marks stand for them");
        arguments.option("--junit", options->junit, "write a JUnit report to this file");
        offer_formats(arguments, options->format);
      },
      [options] { return run_all(*options); }};
}

} // namespace holdfast::cli
