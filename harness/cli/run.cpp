// holdfast run: plays scenarios, each in a worker process of its own, and judges what they recorded.
#include "harness/checks/check.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/progress_line.hpp"
#include "harness/cli/registry.hpp"
#include "harness/process/supervise.hpp"
#include "reports/report.hpp"

#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

namespace holdfast::cli {

namespace {

struct RunOptions {
  std::vector<std::string> paths;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> settings;
  std::string out = "bundles";
  std::string format = "human";
};

/// A run that cannot be judged because it did not happen, or did not end.
verdict::Report broken(const scenario::Scenario& scenario, std::uint64_t seed, std::string bundle, std::string reason,
                       int status) {
  return {.scenario = scenario.name,
          .about = scenario.about,
          .file = scenario.file,
          .seed = seed,
          .verdict = verdict::Verdict::inconclusive,
          .reason = std::move(reason),
          .bundle = std::move(bundle),
          .exit_status = status};
}

/// In the worker: play, and leave the report in the bundle.
int work(const run::Plan& plan, const run::Registry& registry, const run::Places& places, ProgressLine::Style style) {
  bundle::Manifest manifest;
  {
    ProgressLine line(style, plan.scenario.name);
    manifest = run::play(plan, registry, places, [&](const run::Progress& progress) { line.show(progress); });
  }
  switch (manifest.ending) {
  case bundle::Ending::completed:
    return 0;
  case bundle::Ending::interrupted:
    return 130;
  case bundle::Ending::stack_failed:
    return 2;
  case bundle::Ending::harness_failed:
    return 4;
  }
  return 4;
}

verdict::Report play_one(const run::Plan& plan, const run::Registry& registry, const RunOptions& options) {
  auto lease = stack::NetworkLease::acquire();
  if (!lease)
    return broken(plan.scenario, plan.seed, {}, lease.error(), harness_failed);
  std::string name;
  for (const char c : plan.scenario.name)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ? c : '-';
  const auto created = bundle::create(options.out, fmt::format("{}-{}", name, plan.seed));
  if (const auto* problem = std::get_if<bundle::Problem>(&created))
    return broken(plan.scenario, plan.seed, {}, problem->message, harness_failed);
  const auto& directory = std::get<std::filesystem::path>(created);
  const auto workspace = process::make_workspace();
  const auto style = options.format == "json" ? ProgressLine::Style::silent : ProgressLine::style_of_stderr();
  const run::Places places{std::filesystem::absolute(directory), workspace, *lease};
  const auto status = process::supervise(workspace, [&] { return work(plan, registry, places, style); });
  const int code = status.exit_code().value_or(harness_failed);

  const auto read = bundle::read(directory, registry.catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read))
    return broken(plan.scenario, plan.seed, directory.string(), problem->message, code == 130 ? 130 : harness_failed);
  const auto& saved = std::get<bundle::Bundle>(read);
  auto report = checks::judge(saved, directory.string());
  if (saved.manifest.ending != bundle::Ending::completed) {
    // What teardown did to operations is no evidence of anything.
    report.verdict = verdict::Verdict::inconclusive;
    report.reason = saved.manifest.reason;
    report.exit_status = code != 0 ? code : verdict::exit_status(report.verdict);
    // The worker died without a word: its exit status is that of a signal.
    if (code > 4 && code != 130)
      report.exit_status = harness_failed,
      report.reason = fmt::format("the worker process ended with {}", status.describe());
  }
  report.file = plan.scenario.file;
  std::ofstream(directory / "report.json") << reports::json({report});
  return report;
}

int combined_status(const std::vector<verdict::Report>& reports) {
  int status = 0;
  for (const auto& report : reports) {
    // interrupted > harness > user's mistake > fail > inconclusive > pass
    static constexpr int order[] = {130, 4, 3, 1, 2, 0};
    const auto rank = [](int code) { return std::find(std::begin(order), std::end(order), code) - std::begin(order); };
    if (rank(report.exit_status) < rank(status))
      status = report.exit_status;
  }
  return status;
}

int run_all(const RunOptions& options) {
  const auto files = find_scenarios(options.paths);
  const auto settings = parse_settings(options.settings);
  if (!files || !settings)
    return wrong_usage;
  const auto registry = make_registry();
  const auto catalog = registry.catalog();
  std::vector<run::Plan> plans;
  bool wrong = false;
  for (const auto& file : *files) {
    auto loaded = scenario::load_scenario(file, catalog, *settings);
    if (!loaded.scenario) {
      fmt::print(stderr, "{}", scenario::describe(loaded.diagnostics));
      wrong = true;
      continue;
    }
    const auto seed = options.seed.value_or(loaded.scenario->seed);
    plans.push_back({std::move(*loaded.scenario), seed, *settings});
  }
  if (wrong)
    return wrong_usage;
  const auto colour = isatty(STDOUT_FILENO) != 0 ? reports::Colour::on : reports::Colour::off;
  std::vector<verdict::Report> reports;
  for (const auto& plan : plans) {
    reports.push_back(play_one(plan, registry, options));
    if (options.format == "human")
      fmt::print("{}{}", reports.size() > 1 ? "\n" : "", reports::terminal(reports.back(), colour));
    std::fflush(stdout);
    if (reports.back().exit_status == 130)
      break;
  }
  fmt::print("{}", options.format == "json" ? reports::json(reports) : reports::terminal_summary(reports, colour));
  return combined_status(reports);
}

} // namespace

Command add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  auto* parser = app.add_subcommand("run", "Play scenarios and judge what they recorded");
  parser->add_option("paths", options->paths, "scenario files, or folders to search")->required();
  parser->add_option("--seed", options->seed,
                     "another seed than the scenario's: it fixes users, operations, times and ids");
  parser
      ->add_option("--set", options->settings,
                   "KEY=VALUE: another value for a key of the scenario, for example workload.users=60000")
      ->allow_extra_args(false);
  parser->add_option("--out", options->out, "where bundles go (default: bundles)");
  parser->add_option("--format", options->format, "human, or json: one object on stdout")
      ->check(CLI::IsMember({"human", "json"}));
  return {parser, [options] { return run_all(*options); }};
}

} // namespace holdfast::cli
