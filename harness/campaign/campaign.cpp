// Four processes to a run: this one (the campaign) forks one that plays and judges, which forks the guardian and the
// worker that plays (harness/process/supervise.hpp). What passes between them is an exit status and the files of the
// bundle: the worker leaves the history, the judging process report.json, and the campaign collects that.
#include "harness/campaign/campaign.hpp"

#include "harness/campaign/progress_line.hpp"
#include "harness/checks/check.hpp"
#include "harness/process/crew.hpp"
#include "harness/process/supervise.hpp"
#include "harness/run/descriptors.hpp"
#include "harness/text/input_file.hpp"
#include "harness/text/output_file.hpp"
#include "harness/text/standard_error.hpp"
#include "harness/verdict/exit_status.hpp"
#include "reports/report.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace holdfast::campaign {

namespace status = verdict::status;

namespace {

constexpr auto report_file = "report.json";

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

/// In the worker: plays the plan and leaves the history in the bundle. The exit status says how the run ended and
/// nothing of the verdict, which is another process's to find.
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
    return status::interrupted;
  case bundle::Ending::stack_failed:
    return status::inconclusive;
  case bundle::Ending::harness_failed:
    return status::harness_failed;
  }
  return status::harness_failed;
}

/// One run from its bundle's name to its report. The lease is held as long as it lives.
struct Run {
  run::Plan plan;
  std::filesystem::path bundle;
  stack::NetworkLease lease;
};

std::variant<Run, verdict::Report> prepare(const Planned& planned, const Options& options) {
  run::Plan plan{*planned.scenario, planned.seed, options.settings};
  // The lease before the bundle: a run that has no network leaves no empty bundle behind.
  auto lease = stack::NetworkLease::acquire();
  if (!lease)
    return broken(plan.scenario, plan.seed, {}, lease.error(), status::harness_failed);
  std::string name;
  for (const char c : plan.scenario.name)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ? c : '-';
  const auto created = bundle::create(options.out, fmt::format("{}-{}", name, plan.seed));
  if (const auto* problem = std::get_if<bundle::Problem>(&created))
    return broken(plan.scenario, plan.seed, {}, problem->message, status::harness_failed);
  return Run{std::move(plan), std::get<std::filesystem::path>(created), std::move(*lease)};
}

process::WaitStatus play_in_worker(const Run& run, const run::Registry& registry, const Options& options,
                                   process::Surroundings surroundings, ProgressLine::Style style) {
  return process::supervise(
      [&](const std::filesystem::path& workspace) {
        using Policy = history::Secrets::Policy;
        history::Secrets secrets(options.keep_secrets ? Policy::keep : Policy::mask,
                                 run.plan.scenario.stack.declare.secret_names);
        return work(run.plan, registry,
                    {std::filesystem::absolute(run.bundle), workspace, run.lease, secrets, surroundings}, style);
      },
      // Also called for workspaces of earlier runs whose processes were all killed: see `supervise`.
      [](const std::filesystem::path& workspace) {
        for (const auto& problem : run::remove_server_remains(workspace))
          text::to_standard_error(fmt::format("holdfast: {}\n", problem));
      });
}

verdict::Report judge(const Run& run, const run::Registry& registry, process::WaitStatus status) {
  const auto& plan = run.plan;
  // No exit code: the guardian itself was killed, and nobody is left who could say how the worker ended.
  const int code = status.exit_code().value_or(status::harness_failed);
  const auto read = bundle::read(run.bundle, registry.catalog());
  if (const auto* problem = std::get_if<bundle::Problem>(&read))
    return broken(plan.scenario, plan.seed, run.bundle.string(), problem->message,
                  code == status::interrupted ? status::interrupted : status::harness_failed);
  // Judged however the worker ended: what it recorded until then may hold findings.
  const auto& saved = std::get<bundle::Bundle>(read);
  auto report = checks::judge(saved, run.bundle.string());
  constexpr std::array own = {status::passed, status::inconclusive, status::harness_failed,
                              status::interrupted};                       // what `work` returns
  const bool died = std::find(own.begin(), own.end(), code) == own.end(); // it was killed or crashed
  const bool completed = saved.manifest.ending == bundle::Ending::completed;
  // A history that is complete and shows a failure stays one, though the worker died after it had written its manifest.
  // A pass does not stay a pass: nobody knows what else was wrong with a harness that crashed.
  if ((died || code == status::harness_failed) && !(completed && report.verdict == verdict::Verdict::fail)) {
    report.exit_status = status::harness_failed;
    report.verdict = verdict::Verdict::inconclusive;
    // A worker's death by a signal reaches us as 128 + signal: dying of it itself, the guardian would dump core again.
    if (died)
      report.reason = fmt::format("the worker process ended with {}",
                                  code > 128 ? process::signal_name(code - 128) : status.describe());
  } else if (code == status::interrupted) {
    report.exit_status = status::interrupted; // also when the signal came after the run was complete
  }
  report.file = plan.scenario.file;
  return report;
}

/// A sentence when the plan needs more open files than the harness may have. Such a run is not begun: it would end in
/// the middle, when a connection cannot be made.
std::optional<std::string> lacks_descriptors(const scenario::Scenario& scenario, std::uint64_t available) {
  const auto least = run::least_descriptors(scenario);
  if (least <= available)
    return std::nullopt;
  return fmt::format("the run needs at least {} open files, of which {} are for its {} connections, and may have {}: "
                     "raise the limit (ulimit -Hn), or set workload.connections lower",
                     least, scenario.workload.connections, scenario.workload.connections, available);
}

std::optional<std::string> save(const Run& run, const verdict::Report& report) {
  return text::write_file(run.bundle / report_file, reports::json({report}));
}

/// All of one run, in a process of its own. What services said is read and judged here too: an answer that makes the
/// judge crash or run out of memory costs this run alone. Returns the exit status of the run.
int play_and_judge(const Run& run, const run::Registry& registry, const Options& options, ProgressLine::Style style) {
  const auto surroundings = process::Surroundings::take();
  // Taken before `adapt` changes them: services start with the limits and the umask that holdfast was started with.
  const auto available = process::Surroundings::adapt();
  const auto& plan = run.plan;
  auto report = [&] {
    if (const auto lack = lacks_descriptors(plan.scenario, available))
      return broken(plan.scenario, plan.seed, run.bundle.string(), *lack, status::harness_failed);
    try {
      return judge(run, registry, play_in_worker(run, registry, options, surroundings, style));
    } catch (const std::exception& error) { // no process could be made, no memory
      return broken(plan.scenario, plan.seed, run.bundle.string(), error.what(), status::harness_failed);
    }
  }();
  if (const auto problem = save(run, report)) {
    text::to_standard_error(fmt::format("holdfast: {}\n", *problem));
    // The campaign will find no report: the exit status is all it has. A failure must reach it all the same (see
    // `collect`). A pass that could not be written down is none.
    return report.exit_status == status::failed ? status::failed : status::harness_failed;
  }
  return report.exit_status;
}

/// The report that the process of a run has left in the bundle; where there is none, one that says what became of that
/// process. A process that was killed by a signal is reported as such, whatever it had written before.
verdict::Report collect(const Run& run, process::WaitStatus status) {
  const auto& plan = run.plan;
  const auto text = text::read_file(run.bundle / report_file);
  if (const auto* saved = std::get_if<std::string>(&text); saved != nullptr && status.exit_code())
    if (auto report = reports::from_json(*saved))
      return std::move(*report);
  const auto code = status.exit_code().value_or(status::harness_failed);
  const bool was_asked = code == status::interrupted;
  auto report = broken(
      plan.scenario, plan.seed, run.bundle.string(),
      was_asked ? "interrupted"
                : fmt::format("the process that plays and judges the run ended with {}, and no report; `holdfast "
                              "check {}` judges what it has recorded",
                              status.describe(), run.bundle.string()),
      was_asked                ? status::interrupted
      : code == status::failed ? status::failed
                               : status::harness_failed);
  if (code == status::failed)
    // The run was judged, and only its report could not be saved.
    report.verdict = verdict::Verdict::fail;
  if (const auto problem = save(run, report))
    report.reason += "; " + *problem;
  return report;
}

} // namespace

Campaign play(const std::vector<Planned>& plans, const run::Registry& registry, const Options& options,
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
  // Also for one run at a time. From here to the end, between runs as well, a signal does not end this process but is
  // read by the crew: Ctrl-C between two runs still leads to a report.
  process::Crew crew;
  for (std::size_t next = 0; (next < plans.size() && !stop) || !running.empty();) {
    // No further run is begun after a signal or, with `fail_fast`, after one that did not pass; those that are at work
    // are awaited.
    stop = stop || crew.interrupted();
    if (next < plans.size() && !stop && running.size() < jobs) {
      const auto number = next++;
      try {
        auto prepared = prepare(plans[number], options);
        if (auto* report = std::get_if<verdict::Report>(&prepared)) {
          done(number, std::move(*report));
          continue;
        }
        const auto& run = running.emplace(number, std::get<Run>(std::move(prepared))).first->second;
        crew.start(number, [&] { return play_and_judge(run, registry, options, style); });
      } catch (const std::runtime_error& error) { // the machine may have for the next run what it lacks now
        // Taken out of `running`, or the loop would wait for a process that was never made.
        const auto begun = running.extract(number);
        done(number,
             broken(*plans[number].scenario, plans[number].seed, begun ? begun.mapped().bundle.string() : std::string{},
                    error.what(), status::harness_failed));
      }
    } else if (!running.empty()) {
      const auto ended = crew.wait();
      const auto run = std::move(running.extract(ended.number).mapped());
      auto report = collect(run, ended.status);
      // Also a run that came to its end counts as interrupted then: the campaign did not come to its own.
      if (crew.interrupted())
        report.exit_status = status::interrupted; // others did not end, or were not begun
      done(ended.number, std::move(report));
    }
  }
  // Reports in the order of the plans, whatever order the runs ended in; a run that was not begun has none.
  campaign.interrupted = crew.interrupted();
  for (auto& report : reports)
    if (report)
      campaign.reports.push_back(std::move(*report));
  return campaign;
}

int Campaign::exit_status() const {
  if (interrupted)
    return status::interrupted;
  static constexpr std::array order = {status::interrupted, status::harness_failed, status::wrong_usage,
                                       status::failed,      status::inconclusive,   status::passed};
  const auto rank = [](int code) { return std::find(order.begin(), order.end(), code) - order.begin(); };
  int worst = status::passed;
  for (const auto& report : reports)
    if (rank(report.exit_status) < rank(worst))
      worst = report.exit_status;
  return worst;
}

verdict::Report run_one(const Planned& plan, const run::Registry& registry, const Options& options) {
  auto campaign = play({plan}, registry, options, [](const verdict::Report&) {});
  // A signal may come before the only run is begun.
  if (campaign.reports.empty())
    return broken(*plan.scenario, plan.seed, {}, "interrupted before it was begun", status::interrupted);
  return std::move(campaign.reports.front());
}

} // namespace holdfast::campaign
