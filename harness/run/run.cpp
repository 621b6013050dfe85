// The whole of one run inside its worker process: sources and a first manifest into the bundle, stack up, users set up,
// timeline, stack down, late secrets masked, the last manifest. Whatever goes wrong on the way ends up in the manifest,
// from which the run is judged.
#include "harness/run/run.hpp"

#include "harness/async/deadline.hpp"
#include "harness/async/either.hpp"
#include "harness/bundle/late_secrets.hpp"
#include "harness/protocol/kind.hpp"
#include "harness/run/processor_wait.hpp"
#include "harness/run/stack_runtime.hpp"
#include "harness/run/system_clock.hpp"
#include "harness/run/timeline.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <system_error>

namespace holdfast::run {

scenario::Catalog Registry::catalog() const {
  scenario::Catalog catalog;
  for (const auto& [name, kind] : steps)
    catalog.steps.push_back(kind.schema);
  for (const auto& kind : protocol::all_kinds()) {
    catalog.protocols.push_back(kind.schema);
    catalog.protocols.back().has_fake = fakes.contains(kind.schema.name);
  }
  catalog.checks = checks;
  return catalog;
}

namespace {

constexpr auto progress_every = std::chrono::milliseconds{200};
// The loop's own lateness: a lag this long goes into the history. Whether it is long enough to excuse a service is
// decided when the run is judged (`judge.loop_lag`), so less than that is written down here.
constexpr auto lag_every = std::chrono::milliseconds{10};
constexpr auto lag_recorded = std::chrono::milliseconds{20};
constexpr auto starvation_every = std::chrono::milliseconds{200};
constexpr double starvation_recorded = 0.3; ///< share of that time

workload::WallTime wall_time() {
  return std::chrono::duration_cast<workload::WallTime>(std::chrono::system_clock::now().time_since_epoch());
}

/// One run: everything that lives as long as it does. Members are declared so that each is destroyed before what it
/// refers to: the timeline before the workload and the stack, these before the recorder and the clock.
class Player {
public:
  Player(asio::io_context& io, const Plan& plan, const Registry& registry, const Places& places,
         const std::function<void(const Progress&)>& on_progress)
      : executor_(io.get_executor()), on_progress_(on_progress), clock_(executor_),
        recorder_(places.bundle, places.secrets, [this] { return clock_.now(); }), finished_(executor_),
        stack_(executor_, clock_, plan, registry, places, recorder_),
        workload_(executor_, {clock_, plan.scenario, plan.seed, recorder_, places.secrets, stack_.router(), wall_time}),
        timeline_(executor_, clock_, plan, registry, stack_, workload_, recorder_) {}

  asio::awaitable<void> run(bundle::Manifest& manifest, asio::signal_set& signals) {
    try {
      // Four things can end the run: the timeline is through, the stack's machinery fails, an operation cannot be
      // recorded, or a signal comes. Whichever is first cancels the others, and all lead to the same way down.
      auto playing = async::either(play(), async::either(stack_.until_failure(), workload_.until_failure()));
      auto group = asio::experimental::make_parallel_group(
          asio::co_spawn(executor_, std::move(playing), asio::deferred), signals.async_wait(asio::deferred));
      const auto [order, error, signal_error, signal] =
          co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
      if (order[0] != 0) {
        manifest.ending = bundle::Ending::interrupted;
        manifest.reason = fmt::format("interrupted by {}", process::signal_name(signal));
      } else if (error) {
        std::rethrow_exception(error);
      } else {
        manifest.ending = bundle::Ending::completed;
        manifest.reason.clear();
      }
    } catch (const StackError& error) {
      manifest.ending = bundle::Ending::stack_failed;
      manifest.reason = error.what();
    } catch (const std::exception& error) { // a full disk, an address in use, a bug: the harness cannot judge
      manifest.ending = bundle::Ending::harness_failed;
      manifest.reason = error.what();
    }
    // No user goes on: what services answer while they are taken down says nothing of them, and must not be recorded as
    // their failure. Then the watchers of this class are told to end, and the stack goes down.
    workload_.close();
    finished_flag_ = true;
    finished_.notify();
    co_await stack_.down([this] { return timeline_.settle(); });
    // A completed run has no reason of its own; the first warning takes the place, so that it is read.
    if (manifest.ending == bundle::Ending::completed && !stack_.warnings().empty())
      manifest.reason = stack_.warnings().front();
    manifest.took = clock_.now();
  }
  /// Lines that the history's files have by now.
  [[nodiscard]] const history::Counts& lines() const { return recorder_.counts(); }

private:
  using Phase = history::PhaseEvent::Phase;
  using State = history::PhaseEvent::State;

  asio::awaitable<void> play() {
    // These three end when `finished_` is notified; `play()` at the end of the file lets the loop run until they have.
    asio::co_spawn(executor_, show_progress(), asio::detached);
    asio::co_spawn(executor_, watch_lag(), asio::detached);
    asio::co_spawn(executor_, watch_processor(), asio::detached);
    phase(Phase::stack_up, State::began);
    co_await stack_.up();
    phase(Phase::stack_up, State::ended);
    phase(Phase::setup, State::began);
    co_await workload_.set_up();
    phase(Phase::setup, State::ended);
    asio::co_spawn(executor_, workload_.arrivals(), asio::detached);
    co_await timeline_.play();
    recorder_.event(history::WorkloadEvent{workload_.late(), workload_.unsent()});
    phase(Phase::end, State::reached);
  }

  void phase(Phase phase, State state) {
    phase_ = phase;
    recorder_.event(history::PhaseEvent{phase, state, {}});
  }

  asio::awaitable<void> show_progress() {
    std::uint64_t before = 0;
    while (!finished_flag_) {
      const auto total = workload_.live().total();
      // The last phase that is set here is the setup; from then on the timeline knows better what is going on.
      const bool playing = phase_ == Phase::setup && timeline_.phase() != "start";
      const auto phase = phase_ ? std::string(history::name_of(*phase_)) : "start";
      on_progress_({playing ? timeline_.phase() : phase, timeline_.in_force(), clock_.now(),
                    static_cast<double>(total - before) * (1.0 / std::chrono::duration<double>(progress_every).count()),
                    total, workload_.live().failed()});
      before = total;
      (void)co_await async::until(clock_, clock_.now() + progress_every, finished_.wait());
    }
  }

  /// How late the loop is: a timer that fires late says that nothing else was done in time either.
  asio::awaitable<void> watch_lag() {
    while (!finished_flag_) {
      const auto due = clock_.now() + lag_every;
      // True when the run has ended: then there is no lag to measure, and the loop condition ends this coroutine.
      if (co_await async::until(clock_, due, finished_.wait()))
        continue;
      const auto lag = clock_.now() - due;
      if (lag >= lag_recorded && !finished_flag_)
        recorder_.event(history::LagEvent{std::chrono::duration_cast<history::Milliseconds>(lag)});
    }
  }

  /// Whether the machine has processors to spare. Where this thread had to wait for one, the services beside it had to
  /// as well, and a late answer of theirs may not be their fault. Ends where the kernel keeps no such statistics.
  asio::awaitable<void> watch_processor() {
    auto before = processor_wait();
    for (auto began = clock_.now(); before && !finished_flag_;) {
      if (co_await async::until(clock_, began + starvation_every, finished_.wait()))
        continue;
      const auto waited = processor_wait();
      const auto window = clock_.now() - began;
      const auto share =
          waited ? static_cast<double>((*waited - *before).count()) / static_cast<double>(window.count()) : 0;
      if (share >= starvation_recorded && !finished_flag_)
        recorder_.event(history::StarvedEvent{std::chrono::duration_cast<history::Milliseconds>(window),
                                              static_cast<int>(share * 100)});
      before = waited;
      began += window;
    }
  }

  asio::any_io_executor executor_;
  const std::function<void(const Progress&)>& on_progress_;
  SystemClock clock_;
  history::Recorder recorder_;
  async::Event finished_;
  StackRuntime stack_;
  workload::Workload workload_;
  Timeline timeline_;
  std::optional<Phase> phase_;
  bool finished_flag_ = false;
};

std::string wall_clock() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

} // namespace

bundle::Manifest play(const Plan& plan, const Registry& registry, const Places& places,
                      const std::function<void(const Progress&)>& on_progress) {
  bundle::Manifest manifest{.scenario = plan.scenario.name,
                            .seed = plan.seed,
                            .settings = plan.settings,
                            .version = HOLDFAST_VERSION,
                            .started = wall_clock()};
  manifest.reason = "the run did not come to its end";
  if (auto problem = bundle::save_sources(places.bundle, plan.scenario, places.secrets))
    manifest.reason = problem->message;
  if (auto problem = bundle::save_environment(places.bundle, HOLDFAST_VERSION))
    manifest.reason = problem->message;
  (void)bundle::save_manifest(places.bundle, manifest,
                              places.secrets); // what a crash would leave; failure to write the last one counts
  try {
    // SIGINT, SIGTERM and SIGHUP are read from here on, before there is anything to take down: none of them ends the
    // process while servers run.
    asio::io_context io(1);
    asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
    Player player(io, plan, registry, places, on_progress);
    bool done = false;
    asio::co_spawn(io, player.run(manifest, signals), [&](const std::exception_ptr& error) {
      done = true;
      if (!error)
        return;
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& what) {
        manifest.ending = bundle::Ending::harness_failed;
        manifest.reason = what.what();
      }
    });
    while (!done && io.run_one() > 0) {
    }
    signals.cancel();
    io.run_for(std::chrono::seconds{1}); // coroutines that were told to end, and need a turn for it
    manifest.lines = player.lines();     // only now: a probe that was in flight has been written
  } catch (const std::exception& error) {
    manifest.ending = bundle::Ending::harness_failed;
    manifest.reason = error.what();
  }
  // Also after a failure: a token may stand in a log line that was written before the run learnt that it is one. A
  // bundle that could not be masked must not pass for a good one.
  if (auto problem = bundle::mask_late_secrets(places.bundle, places.secrets)) {
    manifest.ending = bundle::Ending::harness_failed;
    manifest.reason = problem->message;
  }
  if (auto problem = bundle::save_manifest(places.bundle, manifest, places.secrets);
      problem && manifest.ending != bundle::Ending::harness_failed) {
    manifest.ending = bundle::Ending::harness_failed;
    manifest.reason = problem->message;
  }
  return manifest;
}

} // namespace holdfast::run
