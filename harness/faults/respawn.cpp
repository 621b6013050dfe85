#include "harness/faults/respawn.hpp"

#include "harness/async/together.hpp"
#include "harness/stack/listening.hpp"

#include <fmt/format.h>
#include <set>

namespace holdfast::faults {

Retries retries_of(const Target& target) {
  Retries retries;
  retries.tries = target.step.get<std::int64_t>("tries").value_or(retries.tries);
  retries.wait = target.step.get<scenario::Duration>("wait").value_or(retries.wait);
  return retries;
}

std::vector<scenario::KeySchema> retry_keys() {
  return {{"tries", scenario::ValueType::integer, false, "start what refuses to start so often (default 1)"},
          {"wait", scenario::ValueType::duration, false, "before the next try (default 50ms)"}};
}

void Respawn::remember(stack::Instance& instance) {
  before_.try_emplace(&instance, Before{instance.pid(), stack::start_time(instance.pid())});
}

asio::awaitable<void> Respawn::down(stack::Instance& instance) {
  remember(instance);
  if (ending_ == Ending::kill)
    co_await instance.kill();
  else
    (void)co_await instance.stop();
}

asio::awaitable<void> Respawn::start(stack::Instance& instance) {
  remember(instance);
  auto started = co_await instance.start();
  std::int64_t tries = 1;
  for (; started.how == stack::Started::How::exited && tries < retries_.tries; ++tries) {
    co_await clock_.wait_for(retries_.wait);
    started = co_await instance.start();
  }
  replaced_.insert_or_assign(&instance, Replacement{std::move(started), tries});
}

asio::awaitable<void> Respawn::strike_first_host() {
  const auto all = instances_;
  std::erase_if(instances_, [&](const auto* one) { return one->host() != all.front()->host(); });
  co_await strike();
  instances_ = all;
}

asio::awaitable<void> Respawn::strike() {
  for (auto* instance : instances_) {
    remember(*instance);
    if (ending_ == Ending::kill)
      co_await instance->kill();
    else
      instance->begin_stop();
  }
}

asio::awaitable<void> Respawn::up() {
  // Users of a service go down before what they use, and come up after it.
  const auto services = stack::by_service(instances_);
  for (auto service = services.rbegin(); service != services.rend(); ++service)
    co_await async::together(*service, [this](stack::Instance* one) { return down(*one); });
  for (const auto& service : services)
    co_await async::together(service, [this](stack::Instance* one) { return start(*one); });
}

asio::awaitable<void> Respawn::rolling() {
  std::vector<int> hosts;
  for (const auto* instance : instances_)
    if (std::find(hosts.begin(), hosts.end(), instance->host()) == hosts.end())
      hosts.push_back(instance->host());
  for (const int host : hosts) {
    for (auto instance = instances_.rbegin(); instance != instances_.rend(); ++instance)
      if ((*instance)->host() == host)
        co_await down(**instance);
    for (auto* instance : instances_)
      if (instance->host() == host)
        co_await start(*instance);
  }
}

Proof Respawn::proof() const {
  if (replaced_.size() != instances_.size())
    return {false, fmt::format("{} of {} instances were started again", replaced_.size(), instances_.size())};
  std::string evidence;
  for (auto* instance : instances_) {
    const auto& before = before_.at(instance);
    const auto& [started, tries] = replaced_.at(instance);
    const auto fail = [name = instance->name()](const std::string& why) { return Proof{false, name + ": " + why}; };
    if (started.how == stack::Started::How::failed)
      return fail(started.detail);
    if (before.pid == 0 && ending_ == Ending::kill)
      return fail("there was no process to kill");
    if (before.pid != 0 && started.pid == before.pid && started.start_time == before.start_time)
      return fail("the same process still runs");
    if (started.how == stack::Started::How::timed_out) {
      evidence += fmt::format("{}: {} → {}, {}; ", instance->name(), before.pid, started.pid, started.detail);
      continue;
    }
    if (started.how == stack::Started::How::exited) {
      evidence += fmt::format("{}: {} → {}, refused to start ({}); ", instance->name(), before.pid, started.pid,
                              started.detail);
      continue;
    }
    if (!started.config_read)
      return fail("the new process was not seen to open its configuration file between spawn and ready");
    evidence += fmt::format("{}: {} → {}{}{}; ", instance->name(), before.pid, started.pid,
                            instance->config_hash().empty() ? "" : " with config " + instance->config_hash(),
                            tries > 1 ? fmt::format(" at the {}. try", tries) : "");
  }
  if (evidence.ends_with("; "))
    evidence.resize(evidence.size() - 2);
  return {true, evidence};
}

} // namespace holdfast::faults
