// One coroutine for each instance that users reach probes it as its service's balancer would. Only their answers and
// the drains of steps change where users are sent: a real balancer does not see a kill, so users of a dead instance
// fail until enough of its probes have.
#include "harness/run/router.hpp"

#include "harness/async/deadline.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>

namespace holdfast::run {

using history::RouteEvent;
using scenario::Balancer;

Router::Router(asio::any_io_executor executor, async::Clock& clock, const scenario::Scenario& scenario,
               history::Recorder& recorder, PlaceOf place_of, OnFailure on_failure)
    : executor_(executor), clock_(clock), scenario_(scenario), recorder_(recorder), place_of_(std::move(place_of)),
      on_failure_(std::move(on_failure)), stop_(executor), moved_(executor) {}

void Router::start(const std::vector<stack::Instance*>& instances) {
  watching_ = true;
  for (auto* instance : instances) {
    auto& backend = backends_[{instance->kind(), instance->host()}];
    const auto& operations = scenario_.stack.operations;
    // A service without operations of its own is reached by other services alone, which call it on their own host:
    // there is nothing to balance.
    backend = {.instance = instance,
               .service = scenario_.stack.service(instance->kind()),
               .probed = std::any_of(operations.begin(), operations.end(),
                                     [&](const auto& one) { return one.service == instance->kind(); }),
               .routed = instance->is_ready()};
    if (backend.probed)
      asio::co_spawn(executor_, watch(backend), asio::detached);
  }
}

void Router::stop() {
  watching_ = false;
  stop_.notify();
  moved_.notify();
}

asio::awaitable<void> Router::watch(Backend& backend) {
  const auto& balancer = backend.service->balancer;
  auto probe = backend.service->ready;
  if (probe.kind == scenario::Probe::Kind::log) // a balancer reads no logs
    probe.kind = scenario::Probe::Kind::tcp;
  while (watching_) {
    const auto began = clock_.now();
    stack::ProbeAnswer answer;
    try {
      answer = co_await backend.instance->look(probe, balancer.timeout, nullptr); // over a connection of its own
    } catch (...) {
      on_failure_(std::current_exception());
      co_return;
    }
    if (!watching_)
      co_return;
    take(backend, answer, clock_.now() - began);
    // Probes begin every `balancer.probe`. A slow answer puts the next one off, and does not make several catch up.
    (void)co_await async::until(clock_, began + std::max(balancer.probe, async::Duration(clock_.now() - began)),
                                stop_.wait());
  }
}

void Router::take(Backend& backend, const stack::ProbeAnswer& answer, async::Duration took) {
  const auto& balancer = backend.service->balancer;
  // Counted in a row: a single lost probe moves nobody while `unhealthy` is more than one.
  backend.failed = answer.ready ? 0 : backend.failed + 1;
  backend.succeeded = answer.ready ? backend.succeeded + 1 : 0;
  // While it drains, the old process still says that it is ready, and must not be taken back in for that. Its first
  // failed probe ends the drain, and so does another process in its place, for one that restarts between two probes.
  if (!answer.ready || backend.instance->first_pid() != backend.drained_pid)
    backend.draining = false; // what it was drained for has begun, from here on its probes decide again
  if (backend.routed && backend.failed >= balancer.unhealthy)
    move(backend, false, answer.detail, took, answer.timed_out);
  else if (!backend.routed && !backend.draining && backend.succeeded >= balancer.healthy)
    move(backend, true, answer.detail, took, false);
}

void Router::move(Backend& backend, bool routed, const std::string& why, async::Duration took, bool timed_out) {
  backend.routed = routed;
  moved_.notify();
  recorder_.event(RouteEvent{backend.instance->name(), routed ? RouteEvent::State::in : RouteEvent::State::out, why,
                             std::chrono::duration_cast<history::Milliseconds>(took), timed_out});
}

asio::awaitable<void> Router::drain(std::vector<stack::Instance*> instances) {
  async::Duration longest{};
  for (const auto* instance : instances) {
    const auto found = backends_.find({instance->kind(), instance->host()});
    // Without `drain` in the stack file the balancer is not told: its users run into the stop, until probes fail.
    if (found == backends_.end() || found->second.service->balancer.drain.count() == 0)
      continue;
    auto& backend = found->second;
    longest = std::max(longest, backend.service->balancer.drain);
    backend.draining = true;
    backend.drained_pid = instance->first_pid();
    if (backend.routed)
      move(backend, false, "drain", {}, false);
  }
  // All of them wait for the longest: a step stops its instances together. New users are sent elsewhere meanwhile, and
  // operations that were under way end.
  for (const auto end = clock_.now() + longest; watching_ && clock_.now() < end;)
    (void)co_await async::until(clock_, end, stop_.wait());
}

asio::awaitable<void> Router::await_routed(std::vector<stack::Instance*> instances) {
  const auto waits_for = [this](const stack::Instance* instance) {
    const auto found = backends_.find({instance->kind(), instance->host()});
    if (found == backends_.end() || !found->second.probed)
      return false;
    const auto& backend = found->second;
    // The drained process is kept out on purpose and would be waited for in vain. A new one in its place comes back as
    // soon as probes have seen it, so it is waited for.
    const bool drains = backend.draining && instance->first_pid() == backend.drained_pid;
    return !drains && backend.routed != instance->is_ready();
  };
  async::Duration longest{};
  for (const auto* instance : instances) {
    const auto& balancer = scenario_.stack.service(instance->kind())->balancer;
    longest =
        std::max(longest, (std::max(balancer.healthy, balancer.unhealthy) + 1) * (balancer.probe + balancer.timeout));
  }
  if (scenario_.workload.routing == scenario::Routing::pinned)
    co_return;
  // Without the deadline an instance that is ready by its own probe, and too slow for the balancer's `timeout`, would
  // hold up a checkpoint for ever.
  const auto deadline = clock_.now() + longest;
  while (watching_ && clock_.now() < deadline && std::any_of(instances.begin(), instances.end(), waits_for))
    (void)co_await async::until(clock_, deadline, moved_.wait());
}

bool Router::is_routed(const std::string& instance) const {
  const auto found = std::find_if(backends_.begin(), backends_.end(),
                                  [&](const auto& one) { return one.second.instance->name() == instance; });
  return found != backends_.end() && found->second.routed;
}

std::optional<workload::Route> Router::route(const std::string& service, int host, const std::string& failed) {
  const auto hosts = scenario_.stack.hosts;
  const auto to = [&](const Backend& backend) {
    const auto place = place_of_(*backend.instance);
    return workload::Route{backend.instance->name(), place.address, place.port};
  };
  const auto& own = backends_.at({service, host});
  if (scenario_.workload.routing == scenario::Routing::pinned)
    return to(own);
  // A second attempt after an instance did not answer: with `retry` elsewhere it avoids that instance. Probes may still
  // say that it is well.
  const bool elsewhere = own.service->balancer.retry == Balancer::Retry::elsewhere && !failed.empty();
  // The user's own host first, then the following ones in a ring: users of a host that is out do not all meet on host
  // 1. The instance that failed is taken after all when it is the only one.
  const Backend* only_failed = nullptr;
  for (int i = 0; i < hosts; ++i) {
    const auto& backend = backends_.at({service, (host - 1 + i) % hosts + 1});
    if (!backend.routed)
      continue;
    if (!elsewhere || backend.instance->name() != failed)
      return to(backend);
    only_failed = &backend;
  }
  return only_failed != nullptr ? std::optional(to(*only_failed)) : std::nullopt;
}

} // namespace holdfast::run
