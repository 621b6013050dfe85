// Readiness: lying is being ready on consecutive probes for longer than a grace period while more than a threshold of
// the operations routed to that instance get no `ok` for other reasons than declared rejections. late: not ready by its
// deadline, where that hurt somebody: no other instance of its service was there for an operation. An instance that is
// honestly unready while others serve its users is what a good release does.
#include "harness/checks/check.hpp"
#include "harness/scenario/instance_id.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>

namespace holdfast::checks {

using history::Outcome;

namespace {

using Probes = std::map<std::string, std::vector<const history::ProbeResult*>>;

struct Served {
  history::Time begin;
  history::Time time; ///< when it ended
  std::uint64_t sequence;
  bool bad;      ///< no answer that counts
  bool doubtful; ///< bad, and it may be the machine's doing
  const Operation* operation;
};

/// True when every probe of [from, to] found the instance ready and there were at least two of them: a single one says
/// nothing of a stretch of time.
bool ready_throughout(const std::vector<const history::ProbeResult*>& probes, history::Time from, history::Time to) {
  auto probe = std::lower_bound(probes.begin(), probes.end(), from,
                                [](const auto* one, history::Time time) { return one->time < time; });
  int count = 0;
  for (; probe != probes.end() && (*probe)->time <= to; ++probe, ++count)
    if (!(*probe)->ready)
      return false;
  return count >= 2;
}

/// Of one instance: the needs whose loss leaves it ready by design, and whether one was out of reach at a moment.
class AllowedLosses {
public:
  AllowedLosses(const Facts& facts, const Probes& probes, const std::string& instance)
      : facts_(facts), probes_(probes) {
    const auto id = scenario::InstanceId::parse(instance);
    name_ = instance;
    service_ = facts.bundle.scenario.stack.service(id.service);
    host_ = id.host;
  }
  [[nodiscard]] bool covers(const history::Attempt& attempt) const {
    if (service_ == nullptr)
      return false;
    return std::any_of(service_->ready_without.begin(), service_->ready_without.end(),
                       [&](const std::string& need) { return is_lost(need, attempt); });
  }

private:
  /// The need was out of reach for this attempt: a step was at work on its process or on the link to it, its fake kept
  /// answers back, or a probe found it not ready. A link is named by both services ("orders>bank"), or by the
  /// dependency alone.
  [[nodiscard]] bool is_lost(const std::string& need, const history::Attempt& attempt) const {
    const auto other = scenario::InstanceId{need, host_}.text();
    if (facts_.is_handled(other, attempt.ended) || facts_.is_cut(service_->name + ">" + need, name_, attempt.ended) ||
        facts_.is_cut(need, name_, attempt.ended) || was_withheld(need, attempt))
      return true;
    const auto found = probes_.find(other);
    if (found == probes_.end())
      return false;
    // Probes come only now and then: the need may have gone after the last one before the attempt ended, so that the
    // first one after the attempt began counts as well.
    const auto& all = found->second;
    const auto before = [&](history::Time time) {
      return std::upper_bound(all.begin(), all.end(), time, [](auto at, const auto* one) { return at < one->time; });
    };
    const auto after_end = before(attempt.end_time), after_begin = before(attempt.begin_time);
    return (after_end != all.begin() && !(*std::prev(after_end))->ready) ||
           (after_begin != all.end() && !(*after_begin)->ready);
  }

  /// A fake that keeps its good answers from this instance is as lost to it as one that is away.
  [[nodiscard]] bool was_withheld(const std::string& need, const history::Attempt& attempt) const {
    const auto& events = facts_.bundle.history.events;
    auto event = std::lower_bound(events.begin(), events.end(), attempt.begin_time,
                                  [](const history::Event& one, history::Time time) { return one.time < time; });
    for (; event != events.end() && event->time <= attempt.end_time; ++event)
      if (const auto* withheld = event->as<history::WithheldEvent>();
          withheld != nullptr && withheld->dependency == need && withheld->peer == name_)
        return true;
    return false;
  }

  const Facts& facts_;
  const Probes& probes_;
  std::string name_;
  int host_ = 0;
  const scenario::Service* service_ = nullptr;
};

/// Requests to one instance in the order of their ends: those that ended within a grace period of the first one, and as
/// many more as it takes to have [judge] lying_requests of them.
struct Window {
  std::span<const Served> all;
  std::size_t bad = 0;
  history::Time to{};
};

class Lies {
public:
  explicit Lies(const Facts& facts) : judge_(facts.bundle.scenario.judge), disturbance_(facts.disturbance) {
    if (!facts.records_processes())
      least_ = 3; // as it was when the first format was judged
  }

  /// The first lie that an instance told; nothing when it told none.
  std::optional<Window> find(const std::vector<Served>& all, const std::vector<const history::ProbeResult*>& probes) {
    // Every request begins one window. Both ends of the window only move forward, so that this is linear in the
    // requests.
    std::size_t end = 0, bad = 0;
    for (std::size_t first = 0; first < all.size(); bad -= all[first].bad ? 1 : 0, ++first) {
      const auto within = all[first].time + judge_.lying_grace;
      for (; end < all.size() && (all[end].time <= within || end - first < least_); ++end)
        bad += all[end].bad ? 1 : 0;
      const auto to = std::max(within, end > first ? all[end - 1].time : within);
      const Window window{std::span(all).subspan(first, end - first), bad, to};
      // At the end of the run there may be no more requests to fill a window: then it counts when it spans at least
      // half of the grace period.
      const bool is_long = end < all.size() || window.all.back().time - all[first].time >= judge_.lying_grace / 2;
      if (!all[first].bad || !is_long || !fails_throughout(window) || !ready_throughout(probes, all[first].time, to))
        continue;
      if (window.all.size() < least_) {
        too_few_ = std::max(too_few_, window.all.size());
        continue;
      }
      if (!is_disturbed(window, to))
        return window;
      disturbed_ = true;
    }
    return std::nullopt;
  }
  /// There were some that may have been the machine's doing, or the harness's.
  [[nodiscard]] bool disturbed() const { return disturbed_; }
  /// How many requests there were of an instance that seemed to lie and had too few to tell; 0: there was none.
  [[nodiscard]] std::size_t too_few() const { return too_few_; }
  [[nodiscard]] std::size_t least() const { return least_; }

private:
  [[nodiscard]] bool is_too_much(std::size_t bad, std::size_t count) const {
    return static_cast<double>(bad) > judge_.lying_threshold * static_cast<double>(count);
  }
  /// Too many requests fail in the whole window and in its second half as well: an instance that failed for a moment
  /// and serves again before the grace period is over does not lie.
  [[nodiscard]] bool fails_throughout(const Window& window) const {
    if (window.all.size() < std::min<std::size_t>(3, least_) || !is_too_much(window.bad, window.all.size()))
      return false;
    const auto half = window.all.front().time + (window.to - window.all.front().time) / 2;
    const auto late =
        std::find_if(window.all.begin(), window.all.end(), [&](const Served& one) { return one.time > half; });
    const auto late_bad = std::count_if(late, window.all.end(), [](const Served& one) { return one.bad; });
    return late != window.all.end() &&
           is_too_much(static_cast<std::size_t>(late_bad), static_cast<std::size_t>(window.all.end() - late));
  }
  /// The machine may be why these requests failed: without the doubtful ones too few of them did, or the harness's loop
  /// was late at some time between the begin of the earliest failed attempt and the end of the window.
  [[nodiscard]] bool is_disturbed(const Window& window, history::Time to) const {
    auto began = window.all.front().begin;
    std::size_t doubtful = 0;
    for (const auto& one : window.all)
      if (one.bad)
        began = std::min(began, one.begin), doubtful += one.doubtful ? 1 : 0;
    return !is_too_much(window.bad - doubtful, window.all.size()) || disturbance_.loop_was_late(began, to);
  }

  const scenario::Judgement& judge_;
  const Disturbance& disturbance_;
  std::size_t least_ = static_cast<std::size_t>(judge_.lying_requests);
  std::size_t too_few_ = 0;
  bool disturbed_ = false;
};

/// Sessions that were accepted at some time. When an instance refuses one of them later, the sessions check judges
/// that; it does not mean that the instance cannot serve.
class Accepted {
public:
  explicit Accepted(const Facts& facts) {
    for (const auto& operation : facts.bundle.history.operations)
      if (operation.outcome == Outcome::ok)
        if (const auto session = operation.values.find("session"))
          since_.try_emplace(std::string(*session), operation.completed);
  }
  [[nodiscard]] bool before(const Operation& operation) const {
    const auto found = since_.find(operation.value("session"));
    return found != since_.end() && found->second < operation.completed;
  }

private:
  std::unordered_map<std::string, std::uint64_t> since_;
};

/// Every attempt that an instance should have served, by the time of its end. Left out are attempts while a step was at
/// work on the instance, refusals that the sessions check judges, operations that were never served as declared, and
/// failures for want of something that the instance may be ready without.
std::map<std::string, std::vector<Served>> served_by_instance(const Facts& facts, const Probes& probes) {
  std::map<std::string, std::vector<Served>> served;
  std::map<std::string, AllowedLosses> allowed;
  const Accepted accepted(facts);
  for (const auto& operation : facts.bundle.history.operations) {
    // At a checkpoint dead tokens are read as well, and rightly refused: the sessions check judges those.
    if (operation.checkpoint != 0 && operation.outcome == Outcome::unauthenticated)
      continue;
    if (facts.records_processes() && operation.outcome == Outcome::unauthenticated && accepted.before(operation))
      continue;
    if (facts.is_unserved(operation))
      continue;
    for (const auto& attempt : operation.attempts) {
      if (attempt.ended == 0 || attempt.instance == history::no_instance ||
          facts.is_handled(attempt.instance, attempt.ended))
        continue;
      const bool bad = !attempt.is_served();
      const auto& losses = allowed.try_emplace(attempt.instance, facts, probes, attempt.instance).first->second;
      if (bad && losses.covers(attempt))
        continue;
      const bool doubtful = bad && facts.is_doubtful(operation, attempt);
      served[attempt.instance].push_back(
          {attempt.begin_time, attempt.end_time, attempt.ended, bad, doubtful, &operation});
    }
  }
  for (auto& [instance, all] : served)
    std::sort(all.begin(), all.end(), [](const Served& a, const Served& b) { return a.time < b.time; });
  return served;
}

void add_lie(verdict::CheckResult& result, const std::string& instance, const Window& lie) {
  std::vector<const Operation*> evidence;
  for (const auto& one : lie.all)
    if (one.bad && evidence.size() < 3 && std::find(evidence.begin(), evidence.end(), one.operation) == evidence.end())
      evidence.push_back(one.operation);
  result.add("lying",
             {instance, lie.all.front().sequence, lie.all.front().time,
              fmt::format("{} said that it was ready while {} of {} requests within {} got no answer that counts",
                          instance, lie.bad, lie.all.size(), scenario::format_duration(lie.to - lie.all.front().time)),
              evidence});
}

/// The stretch in which an instance was late, in sequence numbers: from its deadline until users were sent to it again
/// or its process ended. Its next process has a deadline of its own.
struct Late {
  std::uint64_t from = 0, to = UINT64_MAX;
};

Late late_from(const Facts& facts, const std::string& instance, std::uint64_t deadline) {
  using history::ProcessEvent;
  using history::RouteEvent;
  for (const auto& event : facts.bundle.history.events) {
    if (event.sequence <= deadline)
      continue;
    const auto* route = event.as<RouteEvent>();
    const auto* process = event.as<ProcessEvent>();
    const bool is_routed = route != nullptr && route->instance == instance && route->state == RouteEvent::State::in;
    const bool is_ended =
        process != nullptr && process->instance == instance &&
        (process->state == ProcessEvent::State::stopping || process->state == ProcessEvent::State::ended ||
         process->state == ProcessEvent::State::spawned);
    if (is_routed || is_ended)
      return {deadline, event.sequence};
  }
  return {deadline};
}

/// Operations on a service that found no instance of it in that stretch: users were hurt. At most three, as evidence.
std::vector<const Operation*> found_nobody(const Facts& facts, const std::string& service, const Late& when) {
  std::vector<const Operation*> hurt;
  for (const auto& operation : facts.bundle.history.operations) {
    const auto* kind = facts.bundle.scenario.stack.operation(operation.name);
    if (kind == nullptr || kind->service != service || hurt.size() == 3)
      continue;
    if (std::any_of(operation.attempts.begin(), operation.attempts.end(), [&](const history::Attempt& one) {
          return one.instance == history::no_instance && one.ended > when.from && one.ended < when.to;
        }))
      hurt.push_back(&operation);
  }
  return hurt;
}

void find_late(verdict::CheckResult& result, const Facts& facts) {
  for (const auto& event : facts.bundle.history.events) {
    const auto* process = event.as<history::ProcessEvent>();
    if (process == nullptr || process->state != history::ProcessEvent::State::not_ready)
      continue;
    const auto service = scenario::InstanceId::parse(process->instance).service;
    const auto hurt = found_nobody(facts, service, late_from(facts, process->instance, event.sequence));
    const auto what = fmt::format("{} was not ready {}", process->instance, process->detail);
    // Being late is a finding by itself where [expect] says that all must be ready, and in bundles of the first format,
    // whose verdicts must stay what they were.
    if (facts.bundle.scenario.expect.all_ready || !facts.records_processes())
      result.add("late", {process->instance, event.sequence, event.time, what, {}});
    else if (!hurt.empty())
      result.add("late", {process->instance, event.sequence, event.time,
                          fmt::format("{}, and no instance of {} was left for users", what, service), hurt});
    else
      result.notes.push_back(what + "; others served its users");
  }
}

} // namespace

verdict::CheckResult check_readiness(const Facts& facts) {
  verdict::CheckResult result{.name = "readiness"};
  Probes probes;
  for (const auto& probe : facts.bundle.history.probes)
    probes[probe.instance].push_back(&probe);
  Lies lies(facts);
  for (const auto& [instance, all] : served_by_instance(facts, probes)) {
    const auto& seen = probes[instance];
    result.examined += seen.size();
    if (const auto lie = lies.find(all, seen))
      add_lie(result, instance, *lie);
  }
  find_late(result, facts);
  if (result.verdict == verdict::Verdict::fail)
    return result;
  if (lies.disturbed()) {
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = facts.disturbance.describe() + " while an instance seemed to lie";
  } else if (result.examined == 0) {
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = "no instance that users reached was probed";
  } else {
    result.reason = fmt::format("{} probes", result.examined);
    if (lies.too_few() > 0)
      result.reason += fmt::format(
          "; an instance that seemed to lie was not judged: {} in the window, [judge] lying_requests asks for "
          "{}",
          verdict::counted(lies.too_few(), "request"), lies.least());
  }
  return result;
}

Check readiness_check() {
  return {.name = "readiness",
          .about = "an instance is ready when it serves, and says so in time",
          .kinds = {{"lying", "ready on its probes while more than a share of its requests got no answer that counts"},
                    {"late", "not ready by its deadline, and no other instance was there for users"}},
          .of_instances = true,
          .run = check_readiness};
}

} // namespace holdfast::checks
