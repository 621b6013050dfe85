// Readiness: lying is being ready on consecutive probes for longer than a grace period while more than a threshold of
// the operations routed to that instance get no `ok` for other reasons than declared rejections. late: not ready by its
// deadline.
#include "harness/checks/check.hpp"
#include "harness/checks/disturbance.hpp"

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

/// Requests to one instance that ended within one grace period.
struct Window {
  std::span<const Served> all;
  std::size_t bad = 0;
};

class Lies {
public:
  Lies(const Facts& facts, const Disturbance& disturbance)
      : judge_(facts.bundle.scenario.judge), disturbance_(disturbance) {}

  /// The first lie that an instance told; nothing when it told none.
  std::optional<Window> find(const std::vector<Served>& all, const std::vector<const history::ProbeResult*>& probes) {
    std::size_t end = 0, bad = 0;
    for (std::size_t first = 0; first < all.size(); bad -= all[first].bad ? 1 : 0, ++first) {
      const auto to = all[first].time + judge_.lying_grace;
      for (; end < all.size() && all[end].time <= to; ++end)
        bad += all[end].bad ? 1 : 0;
      const Window window{std::span(all).subspan(first, end - first), bad};
      const bool is_long = end < all.size() || window.all.back().time - all[first].time >= judge_.lying_grace / 2;
      if (!all[first].bad || !is_long || !fails_throughout(window) || !ready_throughout(probes, all[first].time, to))
        continue;
      if (!is_disturbed(window, to))
        return window;
      disturbed_ = true;
    }
    return std::nullopt;
  }
  /// There were some that may have been the machine's doing, or the harness's.
  [[nodiscard]] bool disturbed() const { return disturbed_; }

private:
  [[nodiscard]] bool is_too_much(std::size_t bad, std::size_t count) const {
    return static_cast<double>(bad) > judge_.lying_threshold * static_cast<double>(count);
  }
  /// A moment of failing that the grace period outlasts is none: it must go on to the period's end.
  [[nodiscard]] bool fails_throughout(const Window& window) const {
    if (window.all.size() < 3 || !is_too_much(window.bad, window.all.size()))
      return false;
    const auto half = window.all.front().time + judge_.lying_grace / 2;
    const auto late =
        std::find_if(window.all.begin(), window.all.end(), [&](const Served& one) { return one.time > half; });
    const auto late_bad = std::count_if(late, window.all.end(), [](const Served& one) { return one.bad; });
    return late != window.all.end() &&
           is_too_much(static_cast<std::size_t>(late_bad), static_cast<std::size_t>(window.all.end() - late));
  }
  /// Who was late, the service or the harness? Whatever disturbed one of these attempts at any time of its life.
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
  bool disturbed_ = false;
};

/// Every attempt that an instance was to serve, in the order of their ends; not what it was excused from.
std::map<std::string, std::vector<Served>> served_by_instance(const Facts& facts, const Probes& probes,
                                                              const Disturbance& disturbance) {
  std::map<std::string, std::vector<Served>> served;
  std::map<std::string, AllowedLosses> allowed;
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
  for (auto& [instance, all] : served)
    std::sort(all.begin(), all.end(), [](const Served& a, const Served& b) { return a.time < b.time; });
  return served;
}

void add_lie(verdict::CheckResult& result, const std::string& instance, const Window& lie, history::Time grace) {
  std::vector<const Operation*> evidence;
  for (const auto& one : lie.all)
    if (one.bad && evidence.size() < 3 && std::find(evidence.begin(), evidence.end(), one.operation) == evidence.end())
      evidence.push_back(one.operation);
  result.add("lying",
             {instance, lie.all.front().sequence, lie.all.front().time,
              fmt::format("{} said that it was ready while {} of {} requests within {} got no answer that counts",
                          instance, lie.bad, lie.all.size(), scenario::format_duration(grace)),
              evidence});
}

} // namespace

verdict::CheckResult check_readiness(const Facts& facts) {
  verdict::CheckResult result{.name = "readiness"};
  Probes probes;
  for (const auto& probe : facts.bundle.history.probes)
    probes[probe.instance].push_back(&probe);
  const Disturbance disturbance(facts);
  Lies lies(facts, disturbance);
  for (const auto& [instance, all] : served_by_instance(facts, probes, disturbance)) {
    const auto& seen = probes[instance];
    result.examined += seen.size();
    if (const auto lie = lies.find(all, seen))
      add_lie(result, instance, *lie, facts.bundle.scenario.judge.lying_grace);
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
  if (lies.disturbed()) {
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
