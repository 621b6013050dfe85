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
  while (workload_.timeline() < steady) {
    workload_.rethrow_failure();
    co_await clock_.wait_for(std::min<async::Duration>(steady - workload_.timeline(), look));
  }
  // Nothing may have succeeded yet at a slow rate: wait for the first success, at most once more as long, and a second.
  // And what takes long must have ended once: otherwise nobody could say whether the stack file fits it.
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
    live.forget_before(from - judge.recovery_window);
    const auto next = std::clamp<async::Duration>(judge.recovery_window / 4, std::chrono::milliseconds{1}, look);
    (void)co_await async::until(clock_, std::min(deadline, now + next), changed.wait());
  }
}

} // namespace holdfast::run
