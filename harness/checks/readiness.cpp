// Readiness: lying is being ready on consecutive probes for longer than a grace period while more than a threshold of
// the operations routed to that instance get no `ok` for other reasons than declared rejections. late: not ready by its
// deadline.
#include "harness/checks/check.hpp"
#include "harness/checks/disturbance.hpp"

#include <algorithm>
#include <fmt/format.h>

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

/// Ready at every probe of [from, to], and probed at least twice in it.
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
    const auto at = instance.rfind('@');
    name_ = instance;
    service_ = facts.bundle.scenario.stack.service(instance.substr(0, at));
    host_ = at == std::string::npos ? "" : instance.substr(at);
  }
  [[nodiscard]] bool covers(const history::Attempt& attempt) const {
    if (service_ == nullptr)
      return false;
    return std::any_of(service_->ready_without.begin(), service_->ready_without.end(),
                       [&](const std::string& need) { return is_lost(need, attempt); });
  }

private:
  [[nodiscard]] bool is_lost(const std::string& need, const history::Attempt& attempt) const {
    const auto other = need + host_;
    if (facts_.is_handled(other, attempt.ended) || facts_.is_cut(service_->name + ">" + need, name_, attempt.ended) ||
        facts_.is_cut(need, name_, attempt.ended))
      return true;
    const auto found = probes_.find(other);
    if (found == probes_.end())
      return false;
    // Unready at the last look before the attempt ended, or at the first after it began.
    const auto& all = found->second;
    const auto before = [&](history::Time time) {
      return std::upper_bound(all.begin(), all.end(), time, [](auto at, const auto* one) { return at < one->time; });
    };
    const auto after_end = before(attempt.end_time), after_begin = before(attempt.begin_time);
    return (after_end != all.begin() && !(*std::prev(after_end))->ready) ||
           (after_begin != all.end() && !(*after_begin)->ready);
  }

  const Facts& facts_;
  const Probes& probes_;
  std::string name_, host_;
  const scenario::Service* service_ = nullptr;
};

} // namespace

verdict::CheckResult check_readiness(const Facts& facts) {
  verdict::CheckResult result{.name = "readiness"};
  const auto& judge = facts.bundle.scenario.judge;
  Probes probes;
  for (const auto& probe : facts.bundle.history.probes)
    probes[probe.instance].push_back(&probe);
  std::map<std::string, std::vector<Served>> served;
  std::map<std::string, AllowedLosses> allowed;
  const Disturbance disturbance(facts);
  bool disturbed = false;
  for (const auto& operation : facts.bundle.history.operations) {
    // At a checkpoint dead tokens are read as well, and rightly refused: the sessions check judges those.
    if (operation.checkpoint != 0 && operation.outcome == Outcome::unauthenticated)
      continue;
    for (const auto& attempt : operation.attempts) {
      if (attempt.ended == 0 || facts.is_handled(attempt.instance, attempt.ended))
        continue;
      const bool declared = attempt.outcome == Outcome::fail && attempt.status != 0;
      const bool bad = attempt.outcome != Outcome::ok && !declared;
      const auto& losses = allowed.try_emplace(attempt.instance, facts, probes, attempt.instance).first->second;
      if (bad && losses.covers(attempt))
        continue;
      const bool doubtful = bad && disturbance.excuses(attempt.begin_time, attempt.end_time);
      served[attempt.instance].push_back(
          {attempt.begin_time, attempt.end_time, attempt.ended, bad, doubtful, &operation});
    }
  }
  for (auto& [instance, all] : served) {
    std::sort(all.begin(), all.end(), [](const Served& a, const Served& b) { return a.time < b.time; });
    const auto& seen = probes[instance];
    result.examined += seen.size();
    for (std::size_t first = 0, end = 0, bad = 0; first < all.size(); bad -= all[first].bad ? 1 : 0, ++first) {
      const auto to = all[first].time + judge.lying_grace;
      for (; end < all.size() && all[end].time <= to; ++end)
        bad += all[end].bad ? 1 : 0;
      const auto count = end - first;
      const bool long_enough = end < all.size() || all[end - 1].time - all[first].time >= judge.lying_grace / 2;
      if (!all[first].bad || count < 3 || !long_enough)
        continue;
      if (static_cast<double>(bad) <= judge.lying_threshold * static_cast<double>(count))
        continue;
      // A moment of failing that the grace period outlasts is none: it must go on to the period's end.
      const auto half = all[first].time + judge.lying_grace / 2;
      std::size_t late = 0, late_bad = 0;
      for (auto i = first; i < end; ++i)
        if (all[i].time > half)
          ++late, late_bad += all[i].bad ? 1 : 0;
      if (late == 0 || static_cast<double>(late_bad) <= judge.lying_threshold * static_cast<double>(late))
        continue;
      if (!ready_throughout(seen, all[first].time, to))
        continue;
      // Who was late, the service or the harness? Whatever disturbed one of these attempts at any time of its life.
      auto began = all[first].begin;
      std::size_t doubtful = 0;
      for (auto i = first; i < end; ++i)
        if (all[i].bad)
          began = std::min(began, all[i].begin), doubtful += all[i].doubtful ? 1 : 0;
      const bool without = static_cast<double>(bad - doubtful) > judge.lying_threshold * static_cast<double>(count);
      if (!without || disturbance.loop_was_late(began, to)) {
        disturbed = true;
        continue;
      }
      std::vector<const Operation*> evidence;
      for (auto i = first; i < end && evidence.size() < 3; ++i)
        if (all[i].bad)
          evidence.push_back(all[i].operation);
      result.add("lying",
                 {instance, all[first].sequence, all[first].time,
                  fmt::format("{} said that it was ready while {} of {} requests within {} got no answer that counts",
                              instance, bad, count, scenario::format_duration(judge.lying_grace)),
                  evidence});
      break; // once an instance
    }
  }
  for (const auto& event : facts.bundle.history.events)
    if (event.type == "process" && event.field("state") == "not-ready")
      result.add("late", {event.field("instance"),
                          event.sequence,
                          event.time,
                          fmt::format("{} was not ready {}", event.field("instance"), event.field("detail")),
                          {}});
  if (result.verdict == verdict::Verdict::fail)
    return result;
  if (disturbed) {
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = disturbance.describe() + " while an instance seemed to lie";
  } else if (result.examined == 0) {
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = "no instance that users reached was probed";
  } else {
    result.reason = fmt::format("{} probes", result.examined);
  }
  return result;
}

} // namespace holdfast::checks
