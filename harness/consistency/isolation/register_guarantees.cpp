#include "harness/consistency/isolation/register_guarantees.hpp"

#include "harness/consistency/isolation/demands.hpp"
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/sessions.hpp"
#include "harness/consistency/session_guarantees.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::isolation {

namespace {

constexpr std::size_t explained = 8; ///< cycles of each guarantee; further ones are counted

/// What a session has met of a key up to a step.
struct State {
  std::uint32_t step = 0;
  std::uint32_t version = 0; ///< met there
  std::uint32_t number = 0;  ///< among those of the demands
};

class Finder {
public:
  Finder(const Transactions& transactions, const Writes& writes, Result& result, Budget& budget)
      : transactions_(transactions), writes_(writes), history_(*transactions.history), result_(result), budget_(budget),
        sessions_(transactions), read_(sessions_.places()), written_(sessions_.places()),
        step_of_(writes.all().size(), none),
        demands_(static_cast<std::uint32_t>(writes.all().size() + transactions.keys.size()), budget) {}

  std::string run(std::span<const std::string_view> names) {
    for (std::uint32_t number = 0; number < writes_.all().size(); ++number)
      demands_.precede(nil_of(writes_.all()[number].key), number);
    meet_all();
    std::vector<Guarantee> guarantees;
    for (const auto guarantee : {Guarantee::read_your_writes, Guarantee::monotonic_reads, Guarantee::monotonic_writes,
                                 Guarantee::writes_follow_reads})
      if (std::find(names.begin(), names.end(), to_string(guarantee)) != names.end())
        guarantees.push_back(guarantee);
    std::string doubt;
    for (const auto guarantee : guarantees) {
      evidence_ = 0;
      demands_.clear();
      demand_all(guarantee);
      if (evidence_ == 0 && doubt.empty())
        doubt = fmt::format("nothing that was read could have broken {}", to_string(guarantee));
      add_cycles(to_string(guarantee));
    }
    // Each guarantee by itself may allow an order of the versions, and no one order all of them: that is PRAM's
    // violation.
    if (guarantees.size() > 1 && result_.findings.empty()) {
      demands_.clear();
      for (const auto guarantee : guarantees)
        demand_all(guarantee);
      add_cycles("PRAM");
    }
    return budget_.exhausted() ? budget_.reason() : doubt;
  }

private:
  [[nodiscard]] std::uint32_t nil_of(std::uint32_t key) const {
    return static_cast<std::uint32_t>(writes_.all().size()) + key;
  }
  /// `none` of a value that nobody wrote, or more than one.
  [[nodiscard]] std::uint32_t version_of(const Step& step) const {
    if (!step.is_write && step.value.is_nil())
      return nil_of(step.key);
    const auto number = writes_.number(step.key, step.value);
    return number == none || writes_.all()[number].is_doubled ? none : number;
  }
  template <class Each>
  void each_step(const Each& each) const {
    for (OperationId id = 0; id < transactions_.count(); ++id)
      for (auto at = transactions_.first[id]; at < transactions_.first[id + 1]; ++at)
        each(id, at, transactions_.steps[at]);
  }

  void meet_all() {
    each_step([&](OperationId id, std::uint32_t at, const Step& step) {
      const auto version = version_of(step);
      if (version == none || transactions_.outcome(id) == Outcome::fail)
        return;
      if (step.is_write)
        step_of_[version] = at;
      if (transactions_.outcome(id) == Outcome::ok && version < writes_.all().size())
        meet((step.is_write ? written_ : read_)[sessions_.place(step.key, sessions_.of(id))], at, version);
    });
  }
  /// Meeting the same version again makes no new state: it demands nothing more.
  void meet(std::vector<State>& states, std::uint32_t at, std::uint32_t version) {
    if (states.empty() || states.back().version != version)
      states.push_back({at, version, demands_.add_state(states.empty() ? none : states.back().number, version, at)});
  }

  void demand_all(Guarantee guarantee) {
    const bool is_of_reads = guarantee == Guarantee::read_your_writes || guarantee == Guarantee::monotonic_reads;
    const auto& met =
        guarantee == Guarantee::read_your_writes || guarantee == Guarantee::monotonic_writes ? written_ : read_;
    each_step([&](OperationId id, std::uint32_t at, const Step& step) {
      const auto outcome = transactions_.outcome(id);
      const auto version = version_of(step);
      if (step.is_write == is_of_reads || version == none || outcome == Outcome::fail ||
          (!step.is_write && outcome != Outcome::ok))
        return;
      // That a session wrote one after the other is no evidence: only reads show otherwise.
      const bool is_demanded = demand(met[sessions_.place(step.key, sessions_.of(id))], at, {0, version, at, none});
      evidence_ += is_demanded && is_of_reads ? 1 : 0;
    });
    seen_.assign(sessions_.count(), {});
    for (OperationId id = 0; id < transactions_.count() && !is_of_reads && !budget_.exhausted(); ++id)
      if (transactions_.outcome(id) == Outcome::ok)
        demand_of_others(id, met);
  }

  /// Whoever has seen a write, and reads on, must not be behind what its session had met before that write.
  void demand_of_others(OperationId id, const std::vector<std::vector<State>>& met) {
    touched_.clear();
    for (auto at = transactions_.first[id]; at < transactions_.first[id + 1]; ++at) {
      const auto& step = transactions_.steps[at];
      const auto version = version_of(step);
      if (step.is_write || version == none)
        continue;
      for (const auto session : touched_)
        if (const auto place = sessions_.place(step.key, session); place != none)
          evidence_ += demand(met[place], seen_[session].step, {0, version, at, seen_[session].step}) ? 1 : 0;
      if (version >= writes_.all().size() || writes_.all()[version].has_failed || writes_.all()[version].by == id)
        continue;
      const auto session = sessions_.of(writes_.all()[version].by);
      auto& seen = seen_[session];
      if (seen.reader != id) {
        touched_.push_back(session);
        seen = {id, step_of_[version]};
      }
      seen.step = std::max(seen.step, step_of_[version]);
    }
  }

  /// Of what was met before a step. False when that is nothing.
  bool demand(const std::vector<State>& met, std::uint32_t before, Demand demand) {
    const auto after =
        std::partition_point(met.begin(), met.end(), [&](const State& one) { return one.step < before; });
    if (after == met.begin() || budget_.exhausted())
      return false;
    demand.state = std::prev(after)->number;
    demands_.add(demand);
    return true;
  }

  void add_cycles(std::string_view kind) {
    const auto found = demands_.find_cycles(explained);
    for (const auto& cycle : found.cycles)
      result_.add(std::string(kind), anomaly_of(cycle));
    for (std::size_t i = 0; i < found.more; ++i)
      result_.count(std::string(kind));
  }
  [[nodiscard]] Anomaly anomaly_of(const Demands::Cycle& cycle) const {
    Anomaly anomaly;
    for (const auto& hop : cycle) {
      anomaly.what += anomaly.what.empty() ? "" : "; but ";
      say(anomaly, hop.met, hop.demand);
    }
    if (cycle.size() > 1)
      anomaly.what += fmt::format(": no order of the values of {} allows that",
                                  transactions_.show_key(transactions_.steps[cycle.front().met].key));
    return anomaly;
  }
  void say(Anomaly& anomaly, std::uint32_t met, const Demand& demand) const {
    const auto owner = by(met);
    anomaly.what += fmt::format("process {}: {}, and then ", history_.operations[owner].process, did(met));
    anomaly.operations.push_back(owner);
    if (demand.seen != none) {
      anomaly.what += fmt::format("{}; {} saw that, and then ", did(demand.seen), name_of(history_, by(demand.step)));
      anomaly.operations.push_back(by(demand.seen));
    }
    anomaly.what += did(demand.step);
    anomaly.operations.push_back(by(demand.step));
    auto& all = anomaly.operations;
    all.erase(std::unique(all.begin(), all.end()), all.end());
  }
  [[nodiscard]] OperationId by(std::uint32_t step) const {
    const auto after = std::upper_bound(transactions_.first.begin(), transactions_.first.end(), step);
    return static_cast<OperationId>(after - transactions_.first.begin() - 1);
  }
  [[nodiscard]] std::string did(std::uint32_t at) const {
    const auto& step = transactions_.steps[at];
    const auto who = name_of(history_, by(at));
    const auto key = transactions_.show_key(step.key);
    const auto value = transactions_.show(step.value);
    return step.is_write ? fmt::format("{} wrote {} to {}", who, value, key)
                         : fmt::format("{} read {} as {}", who, key, value);
  }

  const Transactions& transactions_;
  const Writes& writes_;
  const History& history_;
  Result& result_;
  Budget& budget_;
  Sessions sessions_;
  std::vector<std::vector<State>> read_, written_; ///< by place
  std::vector<std::uint32_t> step_of_;             ///< of each write
  struct Seen {
    OperationId reader = none;
    std::uint32_t step = 0; ///< the youngest of the session's writes that the reader saw
  };
  std::vector<Seen> seen_;             ///< by session
  std::vector<std::uint32_t> touched_; ///< sessions of which the transaction at hand saw something
  Demands demands_;                    ///< of versions: writes, then nil of each key
  std::size_t evidence_ = 0;           ///< demands that what was read could have broken
};

} // namespace

std::string find_register_breaches(const Transactions& transactions, const Writes& writes,
                                   std::span<const std::string_view> guarantees, Result& result, Budget& budget) {
  return guarantees.empty() ? std::string{} : Finder(transactions, writes, result, budget).run(guarantees);
}

} // namespace holdfast::consistency::isolation
