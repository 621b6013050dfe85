#include "harness/consistency/isolation/register_guarantees.hpp"

#include "harness/consistency/isolation/components.hpp"
#include "harness/consistency/isolation/judgement.hpp"
#include "harness/consistency/isolation/sessions.hpp"
#include "harness/consistency/session_guarantees.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <tuple>
#include <unordered_map>

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

/// One walk of a cycle: from a version by states of one session to another version.
struct Hop {
  std::uint32_t state = 0; ///< the first
  Demand demand;           ///< of the last
};

class Finder {
public:
  Finder(const Transactions& transactions, const Writes& writes, Result& result, Budget& budget)
      : transactions_(transactions), writes_(writes), history_(*transactions.history), result_(result), budget_(budget),
        sessions_(transactions),
        first_state_(static_cast<std::uint32_t>(writes.all().size() + transactions.keys.size())),
        read_(sessions_.places()), written_(sessions_.places()), step_of_(writes.all().size(), none),
        seen_(sessions_.count()) {}

  std::string run(std::span<const std::string_view> names) {
    meet_all();
    std::vector<Guarantee> guarantees;
    for (const auto guarantee : {Guarantee::read_your_writes, Guarantee::monotonic_reads, Guarantee::monotonic_writes,
                                 Guarantee::writes_follow_reads})
      if (std::find(names.begin(), names.end(), to_string(guarantee)) != names.end())
        guarantees.push_back(guarantee);
    std::vector<Demand> all;
    std::string doubt;
    for (const auto guarantee : guarantees) {
      evidence_ = 0;
      demands_.clear();
      demand_all(guarantee);
      if (evidence_ == 0 && doubt.empty())
        doubt = fmt::format("nothing that was read could have broken {}", to_string(guarantee));
      all.insert(all.end(), demands_.begin(), demands_.end());
      find_cycles(to_string(guarantee));
    }
    if (guarantees.size() > 1 && !has_found_) {
      demands_ = std::move(all);
      find_cycles("PRAM");
    }
    return budget_.exhausted() ? budget_.reason() : doubt;
  }

private:
  [[nodiscard]] std::uint32_t nil_of(std::uint32_t key) const {
    return static_cast<std::uint32_t>(writes_.all().size()) + key;
  }
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
      // In what order a session wrote, only reads show: `demand_of_others` asks for them.
      const bool is_demanded = demand(met[sessions_.place(step.key, sessions_.of(id))], at, {0, version, at, none});
      evidence_ += is_demanded && guarantee != Guarantee::monotonic_writes ? 1 : 0;
    });
    for (OperationId id = 0; id < transactions_.count() && !is_of_reads && !budget_.exhausted(); ++id)
      if (transactions_.outcome(id) == Outcome::ok)
        demand_of_others(id, met);
  }

  /// Whoever has seen a write, and reads on, must not be behind what its session had met before that write.
  void demand_of_others(OperationId id, const std::vector<std::vector<State>>& met) {
    std::vector<std::uint32_t> touched; // sessions
    for (auto at = transactions_.first[id]; at < transactions_.first[id + 1]; ++at) {
      const auto& step = transactions_.steps[at];
      const auto version = version_of(step);
      if (step.is_write || version == none)
        continue;
      for (const auto session : touched)
        if (const auto place = sessions_.place(step.key, session); place != none)
          evidence_ += demand(met[place], seen_[session], {0, version, at, seen_[session]}) ? 1 : 0;
      if (version >= writes_.all().size() || writes_.all()[version].has_failed || writes_.all()[version].by == id)
        continue;
      const auto session = sessions_.of(writes_.all()[version].by);
      if (std::find(touched.begin(), touched.end(), session) == touched.end()) {
        touched.push_back(session);
        seen_[session] = step_of_[version];
      }
      seen_[session] = std::max(seen_[session], step_of_[version]);
    }
  }

  /// Of what was met before a step. False when that is nothing.
  bool demand(const std::vector<State>& met, std::uint32_t before, Demand demand) {
    const auto after =
        std::partition_point(met.begin(), met.end(), [&](const State& one) { return one.step < before; });
    if (after == met.begin())
      return false;
    demand.state = std::prev(after)->node;
    demands_.push_back(demand);
    return true;
  }

  void find_cycles(std::string_view kind) {
    if (budget_.exhausted())
      return;
    std::sort(demands_.begin(), demands_.end(), [](const Demand& a, const Demand& b) {
      return std::tie(a.state, a.version, a.step) < std::tie(b.state, b.version, b.step);
    });
    const auto forward = graph(false);
    Components components;
    find_components(forward, {bit(Kind::ww), false}, components);
    std::vector<std::vector<std::uint32_t>> versions(components.size.size());
    for (std::uint32_t version = 0; version < first_state_; ++version)
      versions[components.of[version]].push_back(version);
    std::erase_if(versions, [](const auto& all) { return all.size() < 2; });
    if (versions.empty())
      return;
    has_found_ = true;
    std::sort(versions.begin(), versions.end());
    const auto backward = graph(true);
    for (std::size_t i = 0; i < versions.size(); ++i)
      if (i < explained)
        explain(kind, shortest_cycle(versions[i], forward, backward, components));
      else
        result_.count(std::string(kind));
  }

  [[nodiscard]] Graph graph(bool is_reversed) const {
    GraphBuilder builder(first_state_ + static_cast<std::uint32_t>(steps_.size()));
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

  /// How far each node of a component is from one of its versions, in versions, and the node before it.
  struct Distances {
    std::unordered_map<std::uint32_t, std::pair<std::size_t, std::uint32_t>> of;
  };
  static Distances distances(std::uint32_t begin, const Graph& graph, const Components& components,
                             std::uint32_t first_state) {
    Distances found;
    std::deque<std::tuple<std::size_t, std::uint32_t, std::uint32_t>> open{{0, begin, begin}};
    while (!open.empty()) {
      const auto [far, node, before] = open.front();
      open.pop_front();
      if (!found.of.try_emplace(node, far, before).second)
        continue;
      for (auto edge = graph.first[node]; edge < graph.first[node + 1]; ++edge) {
        const auto to = graph.to[edge];
        if (components.of[to] != components.of[begin] || found.of.contains(to))
          continue;
        if (to < first_state)
          open.emplace_back(far + 1, to, node);
        else
          open.emplace_front(far, to, node);
      }
    }
    return found;
  }

  /// Nodes of a cycle through at least two of the versions; the first is not repeated.
  [[nodiscard]] std::vector<std::uint32_t> shortest_cycle(const std::vector<std::uint32_t>& versions,
                                                          const Graph& forward, const Graph& backward,
                                                          const Components& components) const {
    std::size_t shortest = SIZE_MAX;
    std::vector<std::uint32_t> cycle;
    for (std::size_t i = 0; i < versions.size() && i < beginnings && !budget_.exhausted(); ++i) {
      const auto there = distances(versions[i], forward, components, first_state_);
      const auto back = distances(versions[i], backward, components, first_state_);
      for (const auto other : versions) {
        if (other == versions[i] || there.of.at(other).first + back.of.at(other).first >= shortest)
          continue;
        shortest = there.of.at(other).first + back.of.at(other).first;
        cycle.clear();
        for (auto node = other; node != versions[i]; node = there.of.at(node).second)
          cycle.push_back(node);
        cycle.push_back(versions[i]);
        std::reverse(cycle.begin(), cycle.end());
        for (auto node = back.of.at(other).second; node != versions[i]; node = back.of.at(node).second)
          cycle.push_back(node);
      }
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
  std::vector<std::uint32_t> seen_; ///< of each session the youngest step that the transaction at hand saw
  std::vector<Demand> demands_;
  std::size_t evidence_ = 0; ///< demands that what was read could have broken
  bool has_found_ = false;
};

} // namespace

std::string find_register_breaches(const Transactions& transactions, const Writes& writes,
                                   std::span<const std::string_view> guarantees, Result& result, Budget& budget) {
  return guarantees.empty() ? std::string{} : Finder(transactions, writes, result, budget).run(guarantees);
}

} // namespace holdfast::consistency::isolation
