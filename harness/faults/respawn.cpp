#include "harness/faults/respawn.hpp"

#include "harness/async/together.hpp"
#include "harness/stack/listening.hpp"
#include "harness/text/escape.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace holdfast::faults {

namespace {
constexpr std::size_t longest_line = 160;
}

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

Respawn::Respawn(const Target& target, Ending ending, Purpose purpose, Retries retries)
    : instances_(target.instances), drain_(target.drain), await_routed_(target.await_routed), ending_(ending),
      purpose_(purpose), retries_(retries) {}

void Respawn::remember(stack::Instance& instance) {
  const int pid = instance.first_pid();
  before_.try_emplace(&instance, Before{pid, stack::start_time(pid), instance.has_ended_unasked()});
}

asio::awaitable<void> Respawn::drain(const std::vector<stack::Instance*>& instances) {
  if (ending_ == Ending::stop && drain_)
    co_await drain_(instances);
}

asio::awaitable<void> Respawn::down(stack::Instance& instance) {
  remember(instance);
  if (ending_ == Ending::kill)
    co_await instance.kill();
  else if (!co_await instance.stop())
    killed_at_deadline_.insert(instance.name());
  else if (instance.left_behind() > 0)
    left_behind_[instance.name()] = instance.left_behind();
}

asio::awaitable<void> Respawn::start(stack::Instance& instance) {
  remember(instance);
  auto started = co_await instance.start();
  std::int64_t tries = 1;
  for (; started.how == stack::Started::How::exited && tries < retries_.tries; ++tries) {
    co_await instance.wait_while_open(retries_.wait);
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
  co_await drain(instances_);
  for (auto* instance : instances_) {
    remember(*instance);
    if (ending_ == Ending::kill)
      co_await instance->kill();
    else
      instance->begin_stop();
  }
  if (ending_ == Ending::stop)
    for (auto* instance : instances_)
      co_await instance->await_sudden_end();
}

asio::awaitable<void> Respawn::up() {
  // Users of a service go down before what they use, and come up after it.
  const auto services = stack::by_kind(instances_);
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
    std::vector<stack::Instance*> here;
    for (auto* instance : instances_)
      if (instance->host() == host)
        here.push_back(instance);
    if (host != hosts.front()) // that one was drained by the strike
      co_await drain(here);
    for (auto instance = here.rbegin(); instance != here.rend(); ++instance)
      co_await down(**instance);
    for (auto* instance : here)
      co_await start(*instance);
    if (await_routed_)
      co_await await_routed_(here);
  }
}

std::optional<std::string> Respawn::outcome_of(stack::Instance& instance, std::string& problem) const {
  const auto& before = before_.at(&instance);
  const auto& [started, tries] = replaced_.at(&instance);
  const auto name = instance.name();
  const auto fail = [&](const std::string& why) {
    problem = name + ": " + why;
    return std::nullopt;
  };
  if (started.how == stack::Started::How::failed)
    return fail(started.detail);
  if (before.pid == 0 && purpose_ == Purpose::kill)
    return fail(before.ended_unasked ? "there was no process to kill: it had ended by itself"
                                     : "there was no process to kill");
  if (before.pid != 0 && started.pid == before.pid && started.start_time == before.start_time)
    return fail("the same process still runs");
  const auto change = before.pid == 0 ? fmt::format("{}: was down, started {}", name, started.pid)
                                      : fmt::format("{}: {} → {}", name, before.pid, started.pid);
  const auto last = started.last_line.empty()
                        ? std::string{}
                        : fmt::format("; its last line: {}", text::one_line(started.last_line, longest_line));
  if (started.how == stack::Started::How::timed_out)
    return fmt::format("{}, {}{}", change, started.detail, last);
  if (started.how == stack::Started::How::exited)
    return fmt::format("{}, refused to start ({}{})", change, started.detail, last);
  if (!started.config_read)
    return fail("the new process was not seen to open its configuration file between spawn and ready");
  auto said = change;
  if (!instance.config_hash().empty())
    said += " with config " + instance.config_hash();
  if (tries > 1)
    said += fmt::format(" at the {}. try", tries);
  if (killed_at_deadline_.contains(name))
    said += ", the old one killed at its deadline";
  if (const auto left = left_behind_.find(name); left != left_behind_.end())
    said += fmt::format(", what it had left behind ({}) killed",
                        left->second == 1 ? "a process" : std::to_string(left->second) + " processes");
  return said;
}

Proof Respawn::proof() const {
  Proof proof{.proven = true};
  for (const auto& [instance, before] : before_)
    (before.pid != 0 ? proof.struck : proof.started).push_back(instance->name());
  if (replaced_.size() != instances_.size()) {
    proof.proven = false;
    proof.evidence = fmt::format("{} of {} instances were started again", replaced_.size(), instances_.size());
    return proof;
  }
  const bool all_had_ended = !instances_.empty() && std::all_of(instances_.begin(), instances_.end(), [&](auto* one) {
    return before_.at(one).pid == 0 && before_.at(one).ended_unasked;
  });
  if (all_had_ended && purpose_ == Purpose::replace) {
    proof.proven = false;
    proof.evidence = fmt::format("every instance that it was to restart had ended by itself before: {}",
                                 fmt::join(proof.started, ", "));
    return proof;
  }
  for (auto* instance : instances_) {
    std::string problem;
    const auto outcome = outcome_of(*instance, problem);
    if (!outcome) {
      proof.proven = false;
      proof.evidence = problem;
      return proof;
    }
    proof.evidence += (proof.evidence.empty() ? "" : "; ") + *outcome;
  }
  return proof;
}

} // namespace holdfast::faults
