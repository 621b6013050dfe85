#include "harness/cli/campaign.hpp"

#include "harness/checks/check.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/progress_line.hpp"
#include "harness/process/crew.hpp"
#include "harness/process/supervise.hpp"
#include "reports/report.hpp"

#include <fmt/format.h>
#include <fstream>

namespace holdfast::cli {

namespace {

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

/// One run from its bundle's name to its report. The lease is held as long as it lives.
struct Run {
  run::Plan plan;
  std::filesystem::path bundle;
  stack::NetworkLease lease;
};

std::variant<Run, verdict::Report> prepare(const Planned& planned, const CampaignOptions& options) {
  run::Plan plan{*planned.scenario, planned.seed, options.settings};
  auto lease = stack::NetworkLease::acquire();
  if (!lease)
    return broken(plan.scenario, plan.seed, {}, lease.error(), harness_failed);
  std::string name;
  for (const char c : plan.scenario.name)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ? c : '-';
  const auto created = bundle::create(options.out, fmt::format("{}-{}", name, plan.seed));
  if (const auto* problem = std::get_if<bundle::Problem>(&created))
    return broken(plan.scenario, plan.seed, {}, problem->message, harness_failed);
  return Run{std::move(plan), std::get<std::filesystem::path>(created), std::move(*lease)};
}

process::WaitStatus play(const Run& run, const run::Registry& registry, ProgressLine::Style style) {
  return process::supervise(
      [&](const std::filesystem::path& workspace) {
        return work(run.plan, registry, {std::filesystem::absolute(run.bundle), workspace, run.lease}, style);
      },
      [](const std::filesystem::path& workspace) {
        for (const auto& problem : run::remove_server_remains(workspace))
          fmt::print(stderr, "holdfast: {}\n", problem);
      });
}

verdict::Report judge(const Run& run, const run::Registry& registry, process::WaitStatus status) {
  const auto& plan = run.plan;
  const int code = status.exit_code().value_or(harness_failed);
  const auto read = bundle::read(run.bundle, registry.catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read))
    return broken(plan.scenario, plan.seed, run.bundle.string(), problem->message, code == 130 ? 130 : harness_failed);
  const auto& saved = std::get<bundle::Bundle>(read);
  auto report = checks::judge(saved, run.bundle.string());
  if (saved.manifest.ending != bundle::Ending::completed) {
    report.exit_status = code != 0 ? code : verdict::exit_status(report.verdict);
    // The worker died without a word: its exit status is that of a signal.
    if (code > 4 && code != 130)
      report.exit_status = harness_failed,
      report.reason = fmt::format("the worker process ended with {}", status.describe());
  } else if (code == 130) {
    report.exit_status = 130; // asked to end when its last word was already written
  }
  report.file = plan.scenario.file;
  std::ofstream(run.bundle / "report.json") << reports::json({report});
  return report;
}

} // namespace

Campaign play_campaign(const std::vector<Planned>& plans, const run::Registry& registry, const CampaignOptions& options,
                       const std::function<void(const verdict::Report&)>& on_report) {
  std::vector<std::optional<verdict::Report>> reports(plans.size());
  Campaign campaign;
  bool stop = false;
  const auto done = [&](std::size_t number, verdict::Report report) {
    on_report(report);
    stop = stop || (options.fail_fast && report.exit_status != 0);
    reports[number] = std::move(report);
  };
  const auto jobs = std::max<std::size_t>(options.jobs, 1);
  const bool alone = jobs < 2 || plans.size() < 2;
  const auto style = options.quiet || !alone ? ProgressLine::Style::silent : ProgressLine::style_of_stderr();
  std::map<std::size_t, Run> running;
  // Also for one run at a time: from here to the end, between runs as well, a signal is something to read, and what
  // runs is the child of a process that has no other children.
  process::Crew crew;
  for (std::size_t next = 0; (next < plans.size() && !stop) || !running.empty();) {
    stop = stop || crew.interrupted();
    if (next < plans.size() && !stop && running.size() < jobs) {
      const auto number = next++;
      auto prepared = prepare(plans[number], options);
      if (auto* report = std::get_if<verdict::Report>(&prepared)) {
        done(number, std::move(*report));
        continue;
      }
      const auto& run = running.emplace(number, std::get<Run>(std::move(prepared))).first->second;
      crew.start(number, [&] { return play(run, registry, style).exit_code().value_or(harness_failed); });
    } else if (!running.empty()) {
      const auto ended = crew.wait();
      const auto run = std::move(running.extract(ended.number).mapped());
      auto report = judge(run, registry, ended.status);
      if (crew.interrupted())
        report.exit_status = 130; // also of one that came to its end: others did not, or were not begun
      done(ended.number, std::move(report));
    }
  }
  campaign.interrupted = crew.interrupted();
  for (auto& report : reports)
    if (report)
      campaign.reports.push_back(std::move(*report));
  return campaign;
}

} // namespace holdfast::cli
