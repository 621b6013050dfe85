// Recovery is measured by the users' own operations, as the share that succeeds by operation and instance, against the
// same share before the first step. There are no probes here: a stack that only says that it is well has not recovered.
#include "harness/run/recovery.hpp"

#include "harness/async/deadline.hpp"
#include "harness/history/names.hpp"
#include "harness/run/errors.hpp"
#include "harness/text/duration.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::run {

using history::PhaseEvent;
using history::RecoveryEvent;

namespace {

constexpr async::Duration look = std::chrono::milliseconds{20}; ///< live counters are looked at no more often

async::Duration longest_timeout(const scenario::Scenario& scenario) {
  async::Duration longest{};
  for (const auto& [name, weight] : scenario.workload.journey)
    longest = std::max<async::Duration>(longest, scenario.stack.operation(name)->timeout);
  return longest;
}

} // namespace

asio::awaitable<void> Recovery::await_steady_state() {
  const auto begin = clock_.now();
  const auto steady = scenario_.workload.steady;
  auto& live = workload_.live();
  recorder_.event(PhaseEvent{PhaseEvent::Phase::steady, PhaseEvent::State::began, {}});
  // On the timeline, as the scenario gives it. `rethrow_failure` everywhere: an operation that could not be recorded (a
  // full disk) ends the run now and not after the wait.
  while (workload_.timeline() < steady) {
    workload_.rethrow_failure();
    co_await clock_.wait_for(std::min<async::Duration>(steady - workload_.timeline(), look));
  }
  // At a slow rate nothing may have succeeded by now: wait for the first success, for at most another `steady` and a
  // second. And an operation that takes long must have ended once, for which the longest timeout is waited: before that
  // it cannot be said whether the stack file describes it rightly.
  const auto deadline = clock_.now() + steady + std::chrono::seconds{1};
  const auto last_first = clock_.now() + longest_timeout(scenario_) + std::chrono::seconds{1};
  for (;;) {
    workload_.rethrow_failure();
    const auto now = clock_.now();
    const bool awaits_a_first = live.awaits_a_first() && now < last_first;
    const bool awaits_success = !live.take_steady_state(begin) && now < deadline;
    if (!awaits_a_first && !awaits_success)
      break;
    (void)co_await async::until(clock_, awaits_a_first ? last_first : deadline, workload_.completed().wait());
  }
  // Nothing succeeded and nothing failed either: at a low rate no operation may have ended. Only failures show a stack
  // that never worked; without them the run goes on, and the history says that the steady state was missed.
  const bool reached = live.take_steady_state(begin);
  recorder_.event(
      PhaseEvent{PhaseEvent::Phase::steady, reached ? PhaseEvent::State::reached : PhaseEvent::State::missed, {}});
  if (!reached && live.failed() > 0)
    throw StackError(
        fmt::format("the stack never worked: none of {} operations succeeded before the first step, in {}; "
                    "the last that failed: {}",
                    live.total(), text::format_duration(clock_.now() - begin), workload_.last_failure()));
}

asio::awaitable<void> Recovery::await_recovery(std::string after, async::Time restored,
                                               std::function<bool()> is_disturbed, async::Event& changed) {
  const auto& judge = scenario_.judge;
  const auto deadline =
      clock_.now() + std::max(judge.recovery_deadline, scenario_.expect.recovery_within.value_or(async::Duration{}));
  const auto routed = [this](const std::string& name) {
    // An instance that users are not sent to serves nobody: its old samples say nothing of now. Operations that found
    // no instance at all (`no_instance`) do count, as failures of the stack.
    return name == history::no_instance || scenario_.workload.routing == scenario::Routing::pinned ||
           router_.is_routed(name);
  };
  auto& live = workload_.live();
  const auto before = live.counted();
  const auto end = [&](RecoveryEvent::State state, async::Time at) {
    recorder_.event(RecoveryEvent{after, state, std::chrono::duration_cast<history::Milliseconds>(at - restored),
                                  live.counted() - before});
  };
  for (;;) {
    workload_.rethrow_failure();
    const auto now = clock_.now();
    // A whole window must lie behind the end of the step: successes from before it would hide an outage. Recovered is
    // the stack at the window's beginning, since from there on it has served as before.
    const auto from = now - judge.recovery_window;
    if (from >= restored && live.recovered(from, judge.recovery_ratio, routed)) {
      end(RecoveryEvent::State::recovered, from);
      co_return;
    }
    const bool disturbed = is_disturbed();
    if (now >= deadline || disturbed) {
      end(disturbed ? RecoveryEvent::State::next_step : RecoveryEvent::State::not_recovered, now);
      co_return;
    }
    // Nothing looks further back, and on a long run the samples would grow without end.
    live.forget_before(from - judge.recovery_window);
    // Time alone can complete a window, so there is no event to wait for: a quarter of it is fine enough, and never
    // more than `look`.
    const auto next = std::clamp<async::Duration>(judge.recovery_window / 4, std::chrono::milliseconds{1}, look);
    (void)co_await async::until(clock_, std::min(deadline, now + next), changed.wait());
  }
}

} // namespace holdfast::run
