// Reads the history of a bundle once, in the order of its events, and keeps what several checks ask for: the role of
// each operation, what each user read at each checkpoint, what each step struck, and which failures may be the
// machine's. What follows from several of these (records at risk, the steps to blame, due times) is worked out when a
// check asks for it.
#include "harness/checks/facts.hpp"

#include "harness/scenario/instance_id.hpp"
#include "harness/text/escape.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace holdfast::checks {

using history::Outcome;
using scenario::Role;

namespace {

constexpr std::size_t longest_reason = 300;

bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// The host of the instance that the last attempt went to, which is the one that acknowledged the operation: a user
/// whose instance is gone may be sent to another one. An attempt that found no instance has no host in its name; then
/// the operation's own counts.
int host_of(const Operation& operation) {
  const auto& instance = operation.attempts.empty() ? operation.instance : operation.attempts.back().instance;
  const auto id = scenario::InstanceId::parse(instance);
  return id.host == 0 ? operation.host : id.host;
}

/// A hint for an operation that was refused as not signed in: a cookie that its login set and that the browser did not
/// keep. Empty when there is nothing to hint at.
std::string cookies_refused_before(const std::deque<Operation>& operations, const Operation& refused) {
  const auto session = refused.value("session");
  const auto login =
      std::find_if(operations.begin(), operations.end(), [&](const Operation& one) { return one.id == session; });
  if (session.empty() || login == operations.end() || refused.outcome != Outcome::unauthenticated)
    return {};
  for (const auto& attempt : login->attempts)
    for (const auto& cookie : attempt.dropped)
      return fmt::format("; of the login before it the browser does not have the cookie '{}' ({})", cookie.cookie,
                         cookie.why);
  return {};
}

} // namespace

std::string Checkpoint::describe() const {
  if (cold)
    return "the checkpoint after the cold restart";
  return after.empty() ? std::string("the last checkpoint") : fmt::format("the checkpoint after '{}'", after);
}

Facts::Facts(const bundle::Bundle& from) : bundle(from), disturbance(from) {
  for (const auto& operation : bundle.scenario.stack.operations)
    roles_.emplace(operation.name, operation.role);
  add_operations();
  using State = history::CheckpointEvent::State;
  for (const auto& event : bundle.history.events) {
    if (const auto* checkpoint = event.as<history::CheckpointEvent>()) {
      if (checkpoint->state == State::began)
        checkpoints.push_back({.number = checkpoint->number,
                               .began = event.sequence,
                               .time = event.time,
                               .after = checkpoint->after,
                               .cold = checkpoint->cold});
      if (checkpoints.empty())
        continue;
      if (checkpoint->state == State::ended)
        checkpoints.back().ended = event.sequence, checkpoints.back().ended_time = event.time;
      // A stack that never left its first release has not been restored: a loss there is `lost` and not `destroyed`.
      checkpoints.back().restored = checkpoint->restored && checkpoint->left;
    } else if (const auto* step = event.as<history::StepEvent>()) {
      add(event, *step);
    } else if (const auto* phase = event.as<history::PhaseEvent>()) {
      using Phase = history::PhaseEvent;
      steady_reached =
          steady_reached || (phase->phase == Phase::Phase::steady && phase->state == Phase::State::reached);
      ended = ended || phase->phase == Phase::Phase::end;
      cold_restarted =
          cold_restarted || (phase->phase == Phase::Phase::cold_restart && phase->state == Phase::State::ended);
    } else if (event.as<history::RecoveryEvent>() != nullptr) {
      settled_.emplace_back(event.sequence, event.time);
    } else if (const auto* route = event.as<history::RouteEvent>()) {
      // The router takes an instance out when a probe fails. If the machine was starved while that probe waited for its
      // answer, the instance may have been well, and operations that find no instance from then on are as doubtful as
      // the probe. A probe that was answered with a refusal is never doubtful: that takes no processor.
      const auto service = scenario::InstanceId::parse(route->instance).service;
      auto& outages = doubtful_outages_[service][route->instance];
      const bool is_out = !outages.empty() && outages.back().to == UINT64_MAX;
      if (route->state == history::RouteEvent::State::out && route->timed_out && !is_out &&
          disturbance.excuses(event.time - route->probed, event.time))
        outages.push_back({event.sequence});
      else if (route->state == history::RouteEvent::State::in && is_out)
        outages.back().to = event.sequence;
    }
  }
  find_unserved();
}

/// Merges the events of a step, one for each state that it enters, into one fact. Only `began` names its instances and
/// its link, and only `proven` or `unproven` tells which of them it struck.
void Facts::add(const history::Event& event, const history::StepEvent& step) {
  using State = history::StepEvent::State;
  auto known = std::find_if(steps.begin(), steps.end(), [&](const StepFact& one) { return one.id == step.id; });
  if (known == steps.end())
    known = steps.insert(steps.end(), StepFact{step.id, step.kind});
  known->fault = step.nature == history::StepEvent::Nature::fault;
  switch (step.state) {
  case State::began:
    known->began = event.time;
    known->began_sequence = event.sequence;
    known->instances = step.instances;
    known->link = step.link;
    break;
  case State::waited:
    known->waited = step.waited;
    break;
  case State::ended:
    known->ended_sequence = event.sequence;
    settled_.emplace_back(event.sequence, event.time); // its recovery, where that was waited for, comes later
    break;
  case State::proven:
  case State::unproven:
    known->is_judged = true;
    known->proven = step.state == State::proven;
    known->evidence = step.evidence;
    known->struck = step.struck;
    known->started = step.started;
    break;
  default:
    break;
  }
}

/// Numbers users and peers, and sorts operations by role. A history may hold millions of operations that lie all over
/// the memory: it is walked block by block, and each loop prefetches what the next one reads, so that the waits for
/// memory overlap. `peers_` gets one number for each transfer; one that names no peer gets that of the empty name.
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
  // Users may have been numbered after the last read of a checkpoint: every checkpoint has a place for each user.
  for (auto& [at, reads] : reads_)
    reads.resize(users.size());
}

/// A later read of a user's list at the same checkpoint replaces the one before it: a user who was refused logs in and
/// reads again, and the second read is the one that counts.
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

/// Finds operations that the stack file is likely to describe wrongly: no reply before the first step was as declared,
/// however many there were, and none in the whole run where fewer than `few` were tried before that step. An operation
/// that was served as declared once is described rightly: when a deploy makes it answer otherwise, that is the
/// release's doing, and a finding.
void Facts::find_unserved() {
  auto first_step = UINT64_MAX;
  for (const auto& step : steps)
    if (step.began_sequence != 0)
      first_step = std::min(first_step, step.began_sequence);
  struct Tries {
    std::size_t before = 0, all = 0; ///< the first step
    bool served_before = false, served = false;
    std::size_t empty_before = 0;  ///< answered well by a list with nothing in it, which shows nothing of its elements
    std::size_t silent_before = 0; ///< not answered at all
    std::size_t bad = 0;           ///< answered, and not as the stack file says
    const Operation* last = nullptr; ///< that was not served, before the first step; else of all
  };
  std::map<std::string, Tries> tries;
  for (const auto& operation : bundle.history.operations) {
    if (operation.completed == 0)
      continue;
    auto& of = tries[operation.name];
    const bool before = operation.completed < first_step;
    const bool answered = std::any_of(operation.attempts.begin(), operation.attempts.end(),
                                      [](const history::Attempt& one) { return one.answered; });
    const bool good = operation.is_served();
    if (!answered && !before)
      continue; // out of reach after a step says nothing of the file
    const auto* kind = bundle.scenario.stack.operation(operation.name);
    // An empty list fits any description of its elements. A field that the file names wrongly shows with the first
    // element, perhaps only after a step, and must not look like the fault of the release.
    const bool empty = records_processes() && operation.outcome == Outcome::ok && kind != nullptr && kind->ok.list &&
                       operation.list.empty() && operation.statement.empty();
    const bool served = good && !empty;
    ++of.all;
    of.served = of.served || served;
    if (before) {
      ++of.before;
      of.served_before = of.served_before || served;
      of.empty_before += empty ? 1 : 0;
      of.silent_before += !answered && !good ? 1 : 0;
    }
    of.bad += answered && !good ? 1 : 0;
    if ((before || of.before == 0) && (!good || of.last == nullptr))
      of.last = &operation;
  }
  constexpr std::size_t few = 5; // tries may fail by chance, where the file is right as it turns out later
  for (const auto& [name, of] : tries) {
    // Nothing but empty lists: there was nothing that could have been read otherwise.
    const bool only_empty =
        of.before > 0 ? of.empty_before > 0 && of.empty_before + of.silent_before == of.before : of.bad == 0;
    if (of.served_before || only_empty || of.last == nullptr ||
        (of.before < few && (of.served || !records_processes())))
      continue;
    unserved.names.insert(name);
    if (unserved.reason.empty())
      unserved.reason = fmt::format("'{}' was never answered as the stack file says{}, in {} tries; the last: {}", name,
                                    of.before > 0 ? " before the first step" : "", of.before > 0 ? of.before : of.all,
                                    text::one_line(of.last->reason, longest_reason)) +
                        cookies_refused_before(bundle.history.operations, *of.last);
  }
}

Role Facts::role_of(const Operation& operation) const {
  const auto found = roles_.find(operation.name);
  return found == roles_.end() ? Role::other : found->second;
}

bool Facts::may_be_torn(const Operation& read) const {
  const auto* operation = bundle.scenario.stack.operation(read.name);
  return read.checkpoint == 0 && operation != nullptr && operation->ok.list && operation->ok.list->next.is_given() &&
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

bool Facts::is_doubtful(const Operation& operation, const history::Attempt& attempt) const {
  if (disturbance.excuses(attempt.begin_time, attempt.end_time))
    return true;
  const auto* kind = bundle.scenario.stack.operation(operation.name);
  // From here on it is about attempts that found no instance to go to. When a doubtful probe keeps one instance of the
  // service out, there might have been somebody to ask.
  if (attempt.instance != history::no_instance || kind == nullptr)
    return false;
  const auto outages = doubtful_outages_.find(kind->service);
  if (outages == doubtful_outages_.end())
    return false;
  for (const auto& [instance, all] : outages->second)
    if (std::any_of(all.begin(), all.end(),
                    [&](const Outage& one) { return attempt.ended >= one.from && attempt.ended <= one.to; }))
      return true;
  return false;
}

/// One attempt that certainly failed for another reason is the service's own failure, whatever happened to the others.
bool Facts::is_doubtful(const Operation& operation) const {
  return operation.outcome != Outcome::ok && !operation.attempts.empty() &&
         std::all_of(operation.attempts.begin(), operation.attempts.end(),
                     [&](const history::Attempt& one) { return is_doubtful(operation, one); });
}

bool Facts::is_struck(const StepFact& step, const std::string& instance) const {
  return holds(step.instances, instance);
}

std::set<int> Facts::hosts_struck(const StepFact& step, const std::string& operation) const {
  const auto& stack = bundle.scenario.stack;
  const auto* sent = stack.operation(operation);
  if (sent == nullptr)
    return {};
  // A step on processes names the instances that it is about, and once it is judged also those that it really struck.
  // An instance that was down already was not struck, so only the latter count, and a fault that struck none was on no
  // host. Bundles of the first format do not tell: there all instances of the step count.
  const bool by_process = records_processes() && step.is_judged && step.link.empty() && !step.struck.empty();
  if (records_processes() && step.is_judged && step.fault && step.link.empty() && step.struck.empty())
    return {};
  return scenario::hosts_on_path(stack, *sent, {by_process ? step.struck : step.instances, step.link});
}

bool Facts::is_handled(const std::string& instance, std::uint64_t sequence) const {
  return is_cut({}, instance, sequence); // a step on processes is on no link
}

bool Facts::is_cut(const std::string& link, const std::string& instance, std::uint64_t sequence) const {
  return std::any_of(steps.begin(), steps.end(), [&](const StepFact& step) {
    const bool then = step.began_sequence != 0 && sequence >= step.began_sequence &&
                      (step.ended_sequence == 0 || sequence <= step.ended_sequence);
    return then && step.link == link && is_struck(step, instance);
  });
}

bool Facts::ends_processes(const StepFact& step) const {
  if (!records_processes())
    return step.kind == "restart" || step.kind == "rollback"; // as the first format had it
  return !step.struck.empty();
}

/// In a run of changes alone (a configuration that is reloaded, say) nothing else can have hurt a record: there the
/// changes are the strikes.
std::vector<const StepFact*> Facts::strikes() const {
  std::vector<const StepFact*> all, changes;
  for (const auto& step : steps) {
    if (step.began_sequence == 0)
      continue;
    if (step.fault || ends_processes(step))
      all.push_back(&step);
    else
      changes.push_back(&step);
  }
  return all.empty() && records_processes() ? changes : all;
}

/// The operation was in flight when the step began, or had been acknowledged no longer than [judge] at_risk before. A
/// change that ended no process can break anything that was acknowledged before it, however long ago.
bool Facts::is_before(const Operation& operation, const StepFact& step) const {
  if (!step.fault && !ends_processes(step))
    return operation.complete_time <= step.began;
  const bool recent =
      operation.complete_time <= step.began && operation.complete_time >= step.began - bundle.scenario.judge.at_risk;
  const bool in_flight = operation.invoke_time <= step.began && operation.complete_time >= step.began;
  return recent || in_flight;
}

std::size_t Facts::at_risk(const std::vector<const Operation*>& acknowledged) const {
  const auto struck = strikes();
  if (struck.empty())
    return acknowledged.size(); // nothing was taken away: what comes after the cold restart is all that could be hurt
  std::size_t count = 0;
  for (const auto* step : struck) {
    std::map<std::string, std::set<int>> hosts; // by the operation's name: there are few names and many operations
    for (const auto* operation : acknowledged) {
      if (!is_before(*operation, *step))
        continue;
      auto on_way = hosts.find(operation->name);
      if (on_way == hosts.end())
        on_way = hosts.emplace(operation->name, hosts_struck(*step, operation->name)).first;
      count += on_way->second.contains(host_of(*operation)) ? 1 : 0;
    }
  }
  return count;
}

std::string Facts::why_none_at_risk(const std::vector<const Operation*>& acknowledged) const {
  std::string why;
  std::size_t told = 0;
  constexpr std::size_t most = 3;
  for (const auto* step : strikes()) {
    const auto count = std::count_if(acknowledged.begin(), acknowledged.end(),
                                     [&](const auto* operation) { return is_before(*operation, *step); });
    if (++told > most)
      continue;
    why += why.empty() ? "no record was at risk: " : "; ";
    why += fmt::format("in the {} before '{}'", scenario::format_duration(bundle.scenario.judge.at_risk), step->id);
    if (step->waited && *step->waited < bundle.scenario.judge.at_risk)
      why += fmt::format(", of which the workload ran for {} since the checkpoint,",
                         scenario::format_duration(*step->waited));
    why += count == 0 ? " nothing was acknowledged"
                      : fmt::format(" {} acknowledged, none on what it struck",
                                    count == 1 ? "1 was" : fmt::format("{} were", count));
  }
  if (told > most)
    why += fmt::format("; and {} more steps", told - most);
  return why;
}

/// Without a `known_good`, or when no step lies between it and `sequence`, the step that began last is blamed. A step
/// that never ended is at work until the run ends.
std::vector<const StepFact*> Facts::blamed(std::uint64_t known_good, std::uint64_t sequence) const {
  std::vector<const StepFact*> between;
  const StepFact* last = nullptr;
  for (const auto& step : steps) {
    if (step.began_sequence == 0 || step.began_sequence >= sequence)
      continue;
    // One that was still at work when all was well can have done it later.
    if (known_good != 0 && (step.began_sequence > known_good ||
                            (step.ended_sequence != 0 && step.ended_sequence > known_good) || step.ended_sequence == 0))
      between.push_back(&step);
    if (last == nullptr || step.began_sequence > last->began_sequence)
      last = &step;
  }
  if (between.empty() && last != nullptr)
    between.push_back(last);
  std::sort(between.begin(), between.end(),
            [](const auto* a, const auto* b) { return a->began_sequence < b->began_sequence; });
  return between;
}

/// Every step, and every wait for a recovery, that was over before `before` starts the time anew: while the stack is
/// disturbed, nothing has to show.
history::Time Facts::due(history::Time acknowledged, std::uint64_t before, history::Time within) const {
  auto from = acknowledged;
  for (const auto& [sequence, time] : settled_)
    if (sequence < before)
      from = std::max(from, time);
  return from + within;
}

/// The last look decides the kind: absent there is lost or destroyed, unreadable there is unreachable, and present
/// there after a gap is unreachable, too. A loss is dated to the first absence since it was last present: the steps to
/// blame are those before that look, not those before the end of the run. Looks that could not be made say nothing of
/// when it went.
Loss classify(const std::vector<Sighting>& sightings) {
  if (sightings.empty())
    return {};
  const auto last_present = std::find_if(sightings.rbegin(), sightings.rend(),
                                         [](const Sighting& one) { return one.presence == Presence::present; });
  const auto* good = last_present == sightings.rend() ? nullptr : &*last_present;
  const auto& last = sightings.back();
  if (last.presence == Presence::absent) {
    const auto first = std::find_if(last_present.base(), sightings.end(),
                                    [](const Sighting& one) { return one.presence == Presence::absent; });
    return {last.checkpoint->restored ? "destroyed" : "lost", &*first, good};
  }
  if (last.presence == Presence::unreadable)
    return {"unreachable", &*last_present.base(), good};
  for (auto one = sightings.begin(); one != sightings.end(); ++one)
    if (one->presence != Presence::present)
      return {"unreachable", &*one, one == sightings.begin() ? nullptr : &*std::prev(one)};
  return {};
}

void conclude(verdict::CheckResult& result, const Facts& facts, const Counted& counted,
              const std::string& why_no_risk) {
  using verdict::Verdict;
  result.doubtful = counted.doubtful;
  // A finding stands, whatever evidence is missing beside it.
  if (result.verdict == Verdict::fail)
    return;
  result.verdict = Verdict::inconclusive;
  if (counted.acknowledged == 0)
    result.reason = "nothing was acknowledged, so nothing could be lost";
  else if (facts.checkpoints.empty())
    result.reason = "nothing was read back";
  else if (counted.doubtful > 0)
    result.reason = fmt::format("{} failed, and may have because of the machine: {}",
                                verdict::counted(counted.doubtful, "read"), facts.disturbance.describe());
  else if (counted.unread > 0)
    result.reason = fmt::format("{} acknowledged records were never read back", counted.unread);
  else if (result.at_risk == 0)
    result.reason = why_no_risk;
  else {
    result.verdict = Verdict::pass;
    result.reason = fmt::format("{} acknowledged, all read back, {} at risk", counted.acknowledged, result.at_risk);
  }
}

} // namespace holdfast::checks
