#include "harness/run/cold_restart.hpp"

#include "harness/async/together.hpp"

#include <fmt/format.h>

namespace holdfast::run {

using history::PhaseEvent;

namespace {

asio::awaitable<void> stop(stack::Instance& instance) {
  (void)co_await instance.stop();
}

/// An instance that does not come up again is a warning, not the end of the run: the other instances can still be read,
/// and what users find missing on this one is judged by the checks.
asio::awaitable<void> start(stack::Instance& instance, history::Recorder& recorder) {
  const auto started = co_await instance.start();
  if (started.how != stack::Started::How::ready)
    recorder.event(
        history::WarningEvent{instance.name(), fmt::format("{} did not come up again after the cold restart: {}",
                                                           instance.name(), started.detail)});
}

} // namespace

asio::awaitable<bool> cold_restart(StackRuntime& stack, history::Recorder& recorder) {
  // A restart would put a pending deployment into force. Whatever is lost then could be the new release's doing, while
  // this restart is there to show what the old processes alone had known.
  const auto all = stack.instances();
  for (const auto* instance : all)
    if (instance->has_pending_change()) {
      recorder.event(PhaseEvent{PhaseEvent::Phase::cold_restart, PhaseEvent::State::skipped,
                                instance->name() + " has a deployment that was never started"});
      co_return false;
    }
  recorder.event(PhaseEvent{PhaseEvent::Phase::cold_restart, PhaseEvent::State::began, {}});
  // Users of a service go down before what they use and come up after it, as in an orderly maintenance. All services
  // are down before the first one starts: no process passes on in memory what it has not stored.
  const auto services = stack::by_kind(all);
  for (auto service = services.rbegin(); service != services.rend(); ++service)
    co_await async::together(*service, [](stack::Instance* one) { return stop(*one); });
  for (const auto& service : services)
    co_await async::together(service, [&recorder](stack::Instance* one) { return start(*one, recorder); });
  recorder.event(PhaseEvent{PhaseEvent::Phase::cold_restart, PhaseEvent::State::ended, {}});
  co_return true;
}

} // namespace holdfast::run
