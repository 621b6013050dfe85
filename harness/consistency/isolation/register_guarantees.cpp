#include "harness/consistency/isolation/register_guarantees.hpp"

#include "harness/consistency/isolation/components.hpp"
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/sessions.hpp"
#include "harness/consistency/session_guarantees.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <tuple>
#include <utility>

namespace holdfast::consistency::isolation {

namespace {

constexpr std::size_t explained = 8;   ///< cycles of each guarantee; further ones are counted
constexpr std::size_t beginnings = 32; ///< versions from which a shortest cycle is looked for

/// What a session has met of a key up to a step, in the graph: the version met there and the state before lead to it.
struct State {
  std::uint32_t step = 0;
  std::uint32_t node = 0;
};

/// What a state leads to: a version that must not be before any of those that lead to the state.
struct Demand {
  std::uint32_t state = 0; ///< nodes
  std::uint32_t version = 0;
  std::uint32_t step = 0;    ///< that met or made this version
  std::uint32_t seen = none; ///< the session's write that whoever did that step had seen; none: it is the session's own
};

/// How far nodes of one component are from one of its versions, in versions, and the node before each on the way.
class Distances {
public:
  Distances(const Graph& graph, const Components& components, std::uint32_t first_state)
      : graph_(graph), components_(components), first_state_(first_state), far_(graph.nodes, none),
        before_(graph.nodes) {}

  /// Forgets the last measurement. No further than a limit.
  void measure(std::uint32_t begin, std::uint32_t limit) {
    for (const auto node : reached_)
      far_[node] = none;
    reached_.clear();
    std::deque<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> open{{0, begin, begin}};
    while (!open.empty()) {
      const auto [far, node, before] = open.front();
      open.pop_front();
      if (far_[node] != none)
        continue;
      far_[node] = far;
      before_[node] = before;
      reached_.push_back(node);
      for (auto edge = graph_.first[node]; edge < graph_.first[node + 1]; ++edge) {
        const auto to = graph_.to[edge];
        if (components_.of[to] != components_.of[begin] || far_[to] != none)
          continue;
        if (to >= first_state_)
          open.emplace_front(far, to, node);
        else if (far + 1 < limit)
          open.emplace_back(far + 1, to, node);
      }
    }
  }
  [[nodiscard]] bool reaches(std::uint32_t node) const { return far_[node] != none; }
  [[nodiscard]] std::uint32_t of(std::uint32_t node) const { return far_[node]; }
  [[nodiscard]] std::uint32_t before(std::uint32_t node) const { return before_[node]; }

private:
  const Graph& graph_;
  const Components& components_;
  std::uint32_t first_state_;
  std::vector<std::uint32_t> far_, before_;
  std::vector<std::uint32_t> reached_;
};

class Finder {
public:
  Finder(const Transactions& transactions, const Writes& writes, Result& result, Budget& budget)
      : transactions_(transactions), writes_(writes), history_(*transactions.history), result_(result), budget_(budget),
        sessions_(transactions),
        first_state_(static_cast<std::uint32_t>(writes.all().size() + transactions.keys.size())),
        read_(sessions_.places()), written_(sessions_.places()), step_of_(writes.all().size(), none) {}

  std::string run(std::span<const std::string_view> names) {
    meet_all();
    budget_.take(steps_.size() * (sizeof(State) + 4 * sizeof(std::uint32_t)) + sessions_.places() * 2 * sizeof(State));
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
      find_cycles(to_string(guarantee));
    }
    if (guarantees.size() > 1 && !has_found_) {
      demands_.clear();
      for (const auto guarantee : guarantees)
        demand_all(guarantee);
      find_cycles("PRAM");
    }
    return budget_.exhausted() ? budget_.reason() : doubt;
  }

private:
  [[nodiscard]] std::uint32_t nil_of(std::uint32_t key) const {
    return static_cast<std::uint32_t>(writes_.all().size()) + key;
  }
  [[nodiscard]] std::uint32_t nodes() const { return first_state_ + static_cast<std::uint32_t>(steps_.size()); }
  [[nodiscard]] bool is_version(std::uint32_t node) const { return node < first_state_; }
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
  void meet(std::vector<State>& states, std::uint32_t at, std::uint32_t version) {
    const auto node = first_state_ + static_cast<std::uint32_t>(steps_.size());
    steps_.push_back(at);
    paths_.emplace_back(version, node);
    if (!states.empty())
      paths_.emplace_back(states.back().node, node);
    states.push_back({at, node});
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
    demand.state = std::prev(after)->node;
    if (demands_.size() == room_)
      make_room();
    demands_.push_back(demand);
    return true;
  }
  /// Many ask for the same.
  void make_room() {
    sort_demands();
    const auto before = std::exchange(room_, std::max(room_, 2 * demands_.size()));
    budget_.take((room_ - before) * sizeof(Demand));
  }
  void sort_demands() {
    std::sort(demands_.begin(), demands_.end(), [](const Demand& a, const Demand& b) {
      return std::tie(a.state, a.version, a.step, a.seen) < std::tie(b.state, b.version, b.step, b.seen);
    });
    const auto same = [](const Demand& a, const Demand& b) {
      return std::tie(a.state, a.version) == std::tie(b.state, b.version);
    };
    demands_.erase(std::unique(demands_.begin(), demands_.end(), same), demands_.end());
  }

  void find_cycles(std::string_view kind) {
    if (budget_.exhausted())
      return;
    sort_demands();
    const auto bytes = (paths_.size() + demands_.size() + nodes()) * 5 * sizeof(std::uint32_t);
    budget_.take(bytes);
    const auto forward = graph(false);
    Components components;
    find_components(forward, {bit(Kind::ww), false}, components);
    std::vector<std::uint32_t> count(components.size.size()); // of versions in each
    for (std::uint32_t version = 0; version < first_state_; ++version)
      ++count[components.of[version]];
    std::map<std::uint32_t, std::vector<std::uint32_t>> cyclic; // versions, by component
    for (std::uint32_t version = 0; version < first_state_; ++version)
      if (count[components.of[version]] > 1)
        cyclic[components.of[version]].push_back(version);
    if (!cyclic.empty()) {
      has_found_ = true;
      explain_all(kind, cyclic, forward, components);
    }
    budget_.give_back(bytes);
  }

  void explain_all(std::string_view kind, const std::map<std::uint32_t, std::vector<std::uint32_t>>& cyclic,
                   const Graph& forward, const Components& components) {
    const auto backward = graph(true);
    Distances there(forward, components, first_state_);
    Distances back(backward, components, first_state_);
    std::size_t said = 0;
    for (const auto& [component, versions] : cyclic)
      if (said++ < explained)
        explain(kind, shortest_cycle(versions, there, back));
      else
        result_.count(std::string(kind));
  }

  [[nodiscard]] Graph graph(bool is_reversed) const {
    GraphBuilder builder(nodes());
    const auto add = [&](std::uint32_t from, std::uint32_t to) {
      builder.add(is_reversed ? to : from, is_reversed ? from : to, Kind::ww);
    };
    for (std::uint32_t number = 0; number < writes_.all().size(); ++number)
      add(nil_of(writes_.all()[number].key), number);
    for (const auto& [from, to] : paths_)
      add(from, to);
    for (const auto& one : demands_)
      add(one.state, one.version);
    return builder.build(0);
  }

  /// Nodes of a cycle through at least two of the versions; the first is not repeated. The shortest, in versions, of
  /// those through the first of them.
  static std::vector<std::uint32_t> shortest_cycle(const std::vector<std::uint32_t>& versions, Distances& there,
                                                   Distances& back) {
    std::uint32_t shortest = none;
    std::vector<std::uint32_t> cycle;
    for (std::size_t i = 0; i < versions.size() && i < beginnings && shortest > 2; ++i) {
      const auto begin = versions[i];
      there.measure(begin, shortest - 1); // one less than the cycle, for the way back
      back.measure(begin, shortest - 1);
      auto best = none;
      for (const auto other : versions)
        if (other != begin && there.reaches(other) && back.reaches(other) &&
            there.of(other) + back.of(other) < shortest) {
          shortest = there.of(other) + back.of(other);
          best = other;
        }
      if (best == none)
        continue;
      cycle.clear();
      for (auto node = best; node != begin; node = there.before(node))
        cycle.push_back(node);
      cycle.push_back(begin);
      std::reverse(cycle.begin(), cycle.end());
      for (auto node = back.before(best); node != begin; node = back.before(node))
        cycle.push_back(node);
    }
    return cycle;
  }

  void explain(std::string_view kind, const std::vector<std::uint32_t>& cycle) {
    Anomaly anomaly;
    std::size_t hops = 0;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      if (is_version(cycle[i]) || !is_version(cycle[(i + 1) % cycle.size()]))
        continue; // not the state that demands something
      auto first = i;
      while (!is_version(cycle[first - 1]))
        --first;
      const Demand wanted{cycle[i], cycle[(i + 1) % cycle.size()], 0, none};
      const auto& demand =
          *std::lower_bound(demands_.begin(), demands_.end(), wanted, [](const auto& a, const auto& b) {
            return std::tie(a.state, a.version) < std::tie(b.state, b.version);
          });
      anomaly.what += hops++ == 0 ? "" : "; but ";
      say(anomaly, steps_[cycle[first] - first_state_], demand);
    }
    if (hops > 1)
      anomaly.what += fmt::format(": no order of the values of {} allows that", transactions_.show_key(key_of(cycle)));
    result_.add(std::string(kind), std::move(anomaly));
  }
  void say(Anomaly& anomaly, std::uint32_t met, const Demand& demand) {
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
  [[nodiscard]] std::uint32_t key_of(const std::vector<std::uint32_t>& cycle) const {
    const auto write = std::find_if(cycle.begin(), cycle.end(), [&](auto node) { return node < writes_.all().size(); });
    return writes_.all()[*write].key;
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
  // Nodes are versions (writes, then nil of each key), then states.
  std::uint32_t first_state_;
  std::vector<std::uint32_t> steps_;                           ///< of states
  std::vector<std::pair<std::uint32_t, std::uint32_t>> paths_; ///< to states, from versions and other states
  std::vector<std::vector<State>> read_, written_;             ///< by place
  std::vector<std::uint32_t> step_of_;                         ///< of each write
  struct Seen {
    OperationId reader = none;
    std::uint32_t step = 0; ///< the youngest of the session's writes that the reader saw
  };
  std::vector<Seen> seen_;             ///< by session
  std::vector<std::uint32_t> touched_; ///< sessions of which the transaction at hand saw something
  std::vector<Demand> demands_;
  std::size_t room_ = std::size_t{1} << 16; ///< before equal ones are looked for
  std::size_t evidence_ = 0;                ///< demands that what was read could have broken
  bool has_found_ = false;
};

} // namespace

std::string find_register_breaches(const Transactions& transactions, const Writes& writes,
                                   std::span<const std::string_view> guarantees, Result& result, Budget& budget) {
  return guarantees.empty() ? std::string{} : Finder(transactions, writes, result, budget).run(guarantees);
}

} // namespace holdfast::consistency::isolation
