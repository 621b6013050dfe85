#include "harness/checks/facts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace holdfast::checks {

using scenario::Role;

namespace {

bool strikes_instance(const StepFact& step, const std::string& instance) {
  return ("," + step.instances + ",").find("," + instance + ",") != std::string::npos;
}

/// Where it was acknowledged: users may move between attempts.
int host_of(const Operation& operation) {
  const auto& instance = operation.attempts.empty() ? operation.instance : operation.attempts.back().instance;
  const auto at = instance.rfind('@');
  return at == std::string::npos ? operation.host : std::atoi(instance.c_str() + at + 1);
}

} // namespace

Facts::Facts(const bundle::Bundle& from) : bundle(from) {
  for (const auto& operation : bundle.scenario.stack.operations)
    roles_.emplace(operation.name, operation.role);
  add_operations();
  for (const auto& event : bundle.history.events) {
    if (event.type == "checkpoint") {
      const int number = std::atoi(event.field("number").c_str());
      if (event.field("state") == "began")
        checkpoints.push_back({number, event.sequence, 0, event.time, event.field("after"), false});
      if (!checkpoints.empty() && event.field("state") == "ended")
        checkpoints.back().ended = event.sequence;
      if (!checkpoints.empty())
        checkpoints.back().restored = event.field("restored") == "yes" && event.field("left") == "yes";
    } else if (event.type == "step") {
      auto step =
          std::find_if(steps.begin(), steps.end(), [&](const StepFact& one) { return one.id == event.field("id"); });
      if (step == steps.end())
        step = steps.insert(steps.end(), StepFact{event.field("id"), event.field("kind")});
      const auto state = event.field("state");
      step->fault = event.field("nature") == "fault";
      if (state == "began")
        step->began = event.time, step->began_sequence = event.sequence, step->instances = event.field("instances"),
        step->link = event.field("link");
      if (state == "ended")
        step->ended_sequence = event.sequence;
      if (state == "proven" || state == "unproven")
        step->proven = state == "proven", step->evidence = event.field("evidence");
    } else if (event.type == "phase") {
      if (event.field("name") == "steady" && event.field("state") == "reached")
        steady_reached = true;
      if (event.field("name") == "end")
        ended = true;
    }
  }
}

void Facts::add_operations() {
  const auto& operations = bundle.history.operations;
  users_of_.reserve(operations.size());
  std::vector<std::string_view> names;
  std::vector<std::uint32_t> numbers;
  std::vector<Role> roles;
  for (auto begin = operations.begin(); begin != operations.end();) { // many at once, while they are in the caches
    const auto end = begin + std::min(operations.end() - begin, std::ptrdiff_t{history::Names::at_once});
    roles.clear();
    names.clear();
    for (auto one = begin; one != end; ++one)
      for (const void* part : {static_cast<const void*>(&one->user), static_cast<const void*>(&one->values)})
        __builtin_prefetch(part);
    for (auto one = begin; one != end; ++one) {
      if (one->number != users_of_.size() + roles.size())
        throw std::logic_error("the operations of a history are not numbered");
      one->values.prefetch();
      roles.push_back(role_of(*one));
      names.push_back(one->user);
    }
    users.number(names, numbers);
    users_of_.insert(users_of_.end(), numbers.begin(), numbers.end());
    names.clear();
    for (auto role = roles.begin(); begin != end; ++begin, ++role) {
      add(*begin, *role);
      if (*role == Role::transfer)
        names.push_back(begin->values.find("peer").value_or(std::string_view{}));
    }
    users.number(names, numbers);
    peers_.insert(peers_.end(), numbers.begin(), numbers.end());
  }
  for (auto& [at, reads] : reads_)
    reads.resize(users.size());
}

void Facts::add(const Operation& operation, Role role) {
  const auto add_as = [&](Role shown) {
    by_role_[shown].push_back(&operation);
    if (operation.checkpoint == 0)
      return;
    auto& reads = reads_[{shown, operation.checkpoint}];
    reads.resize(users.size());
    reads[user(operation)] = &operation;
  };
  if (role != Role::overview)
    return add_as(role);
  for (const auto shown : {Role::whoami, Role::purchases, Role::statement})
    add_as(shown);
}

Role Facts::role_of(const Operation& operation) const {
  const auto found = roles_.find(operation.name);
  return found == roles_.end() ? Role::other : found->second;
}

bool Facts::may_be_torn(const Operation& read) const {
  const auto* operation = bundle.scenario.stack.operation(read.name);
  return read.checkpoint == 0 && operation != nullptr && operation->ok.list && !operation->ok.list->next.empty() &&
         read.pages != 1;
}

bool Facts::is_offered(Role role) const {
  const auto* operation = bundle.scenario.stack.operation(role);
  if (operation == nullptr)
    return false;
  const auto& workload = bundle.scenario.workload;
  return std::any_of(workload.journey.begin(), workload.journey.end(),
                     [&](const auto& one) { return one.first == operation->name; }) ||
         std::find(workload.setup.begin(), workload.setup.end(), operation->name) != workload.setup.end();
}

const std::vector<const Operation*>& Facts::of(Role role) const {
  static const std::vector<const Operation*> none;
  const auto found = by_role_.find(role);
  return found == by_role_.end() ? none : found->second;
}

const Operation* Facts::read(Role role, std::uint32_t user, int checkpoint) const {
  const auto at = reads_.find({role, checkpoint});
  return at == reads_.end() ? nullptr : at->second[user];
}

const history::EntryList& Facts::list(const Operation& read, Role role) const {
  return role == Role::statement && role_of(read) == Role::overview ? read.statement : read.list;
}

std::set<int> Facts::hosts_struck(const StepFact& step, const std::string& operation) const {
  const auto& stack = bundle.scenario.stack;
  const auto* sent = stack.operation(operation);
  if (sent == nullptr)
    return {};
  const auto reached = stack.reached_from(sent->service);
  const auto caller = step.link.substr(0, step.link.find('>'));
  const auto is_on_way = [&](const scenario::Service& service) {
    if (!reached.contains(service.name))
      return false;
    if (step.link.empty())
      return true;
    if (stack.service(step.link) != nullptr)
      return service.name == step.link && service.name == sent->service;
    if (stack.dependency(step.link) != nullptr)
      return std::find(service.needs.begin(), service.needs.end(), step.link) != service.needs.end();
    return service.name == caller;
  };
  std::set<int> hosts;
  for (const auto& service : stack.services)
    for (int host = 1; host <= stack.hosts && is_on_way(service); ++host)
      if (step.instances.empty() || strikes_instance(step, fmt::format("{}@{}", service.name, host)))
        hosts.insert(host);
  return hosts;
}

bool Facts::is_handled(const std::string& instance, std::uint64_t sequence) const {
  return is_cut({}, instance, sequence); // a step on processes is on no link
}

bool Facts::is_cut(const std::string& link, const std::string& instance, std::uint64_t sequence) const {
  return std::any_of(steps.begin(), steps.end(), [&](const StepFact& step) {
    const bool then = step.began_sequence != 0 && sequence >= step.began_sequence &&
                      (step.ended_sequence == 0 || sequence <= step.ended_sequence);
    return then && step.link == link && strikes_instance(step, instance);
  });
}

std::vector<const StepFact*> Facts::strikes() const {
  std::vector<const StepFact*> all;
  for (const auto& step : steps)
    if (step.began_sequence != 0 && (step.fault || step.kind == "restart" || step.kind == "rollback"))
      all.push_back(&step);
  return all;
}

std::size_t Facts::at_risk(const std::vector<const Operation*>& acknowledged) const {
  const auto struck = strikes();
  if (struck.empty())
    return acknowledged.size(); // nothing was taken away: whatever is there could be hurt by what changed
  std::size_t count = 0;
  for (const auto* step : struck) {
    std::map<std::string, std::set<int>> hosts; // by the operation's name: there are few names and many operations
    for (const auto* operation : acknowledged)
      if (!hosts.contains(operation->name))
        hosts.emplace(operation->name, hosts_struck(*step, operation->name));
    for (const auto* operation : acknowledged) {
      const bool recent = operation->complete_time <= step->began &&
                          operation->complete_time >= step->began - bundle.scenario.judge.at_risk;
      const bool in_flight = operation->invoke_time <= step->began && operation->complete_time >= step->began;
      if ((recent || in_flight) && hosts.at(operation->name).contains(host_of(*operation)))
        ++count;
    }
  }
  return count;
}

Loss classify(const std::vector<Sighting>& sightings) {
  if (sightings.empty())
    return {};
  const auto& last = sightings.back();
  if (last.presence == Presence::absent)
    return {last.checkpoint->restored ? "destroyed" : "lost", &last};
  if (last.presence == Presence::unreadable)
    return {"unreachable", &last};
  for (const auto& sighting : sightings)
    if (sighting.presence != Presence::present)
      return {"unreachable", &sighting};
  return {};
}

void conclude(verdict::CheckResult& result, const Facts& facts, std::size_t acknowledged, std::size_t unread) {
  using verdict::Verdict;
  if (result.verdict == Verdict::fail)
    return;
  result.verdict = Verdict::inconclusive;
  if (acknowledged == 0)
    result.reason = "nothing was acknowledged, so nothing could be lost";
  else if (facts.checkpoints.empty())
    result.reason = "nothing was read back";
  else if (unread > 0)
    result.reason = fmt::format("{} acknowledged records were never read back", unread);
  else if (result.at_risk == 0)
    result.reason =
        fmt::format("no record was at risk: none was acknowledged on the struck path within {} before a fault",
                    scenario::format_duration(facts.bundle.scenario.judge.at_risk));
  else {
    result.verdict = Verdict::pass;
    result.reason = fmt::format("{} acknowledged, all read back, {} at risk", acknowledged, result.at_risk);
  }
}

} // namespace holdfast::checks
