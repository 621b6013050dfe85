// How instances are taken down and started again, for kill, stop, restart and deploy. Before anything is done to an
// instance, `remember` notes which process runs there; afterwards `proof` compares that with the process that was
// started. Pids alone prove nothing, because the kernel gives them out again: a process is its pid and its start time.
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
  // The first call counts: `down` and `start` come here again when the strike has already ended the process.
  before_.try_emplace(&instance, Before{pid, stack::start_time(pid), instance.has_ended_unasked()});
}

// An orchestrator takes an instance out of its load balancer before it stops it; whoever kills gives no such notice.
asio::awaitable<void> Respawn::drain(const std::vector<stack::Instance*>& instances) {
  if (ending_ == Ending::stop && drain_)
    co_await drain_(instances);
}

// Also for an instance that the strike has signalled already: `stop` does not signal it again, and counts its deadline
// from the first signal.
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
  // Only a process that ended by itself is started again. One that runs and is not ready in time may still become so.
  std::int64_t tries = 1;
  for (; started.how == stack::Started::How::exited && tries < retries_.tries; ++tries) {
    co_await instance.wait_while_open(retries_.wait);
    started = co_await instance.start();
  }
  replaced_.insert_or_assign(&instance, Replacement{std::move(started), tries});
}

asio::awaitable<void> Respawn::strike_first_host() {
  // `strike` works on `instances_`: those of the other hosts are put back when it has returned.
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
  // A process without a handler for its stop signal ends at once, as by SIGKILL. Waiting for that here makes a strike
  // at a held message exact: the process is gone before the message moves. One that shuts down by a handler may take
  // long, and may need that message to finish: `up` waits for it.
  if (ending_ == Ending::stop)
    for (auto* instance : instances_)
      co_await instance->await_sudden_end();
}

asio::awaitable<void> Respawn::up() {
  // Services are in start order. One that uses another goes down before it and comes up after it, so that neither end
  // nor start happens without the other there; the instances of one service go at the same time.
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
    if (host != hosts.front()) // `strike_first_host` has drained the first
      co_await drain(here);
    for (auto instance = here.rbegin(); instance != here.rend(); ++instance)
      co_await down(**instance);
    for (auto* instance : here)
      co_await start(*instance);
    // "Ready" is not enough before the next host goes: until the load balancer's own probes have seen it, users would
    // still be kept away from this one, and then from both.
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
  // A new process that is not ready in time, or refuses to start, proves that the step happened: whether the service
  // may behave so is for the checks to judge.
  if (started.how == stack::Started::How::timed_out)
    return fmt::format("{}, {}{}", change, started.detail, last);
  if (started.how == stack::Started::How::exited)
    return fmt::format("{}, refused to start ({}{})", change, started.detail, last);
  // A service that reports ready without having opened its configuration has not been tested with it.
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
  // A restart that finds every process dead has replaced none: it did not test what a restart does to a running
  // service.
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
