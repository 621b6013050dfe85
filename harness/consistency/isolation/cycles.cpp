#include "harness/consistency/isolation/cycles.hpp"

#include "harness/consistency/isolation/search.hpp"

#include <algorithm>
#include <set>

namespace holdfast::consistency::isolation {

namespace {

bool is_one_of(Kind kind, Kinds kinds) {
  return (bit(kind) & kinds) != 0;
}

/// The operations from which a cycle of the pattern may begin, by the component of `within` that they are in.
std::vector<std::pair<std::uint32_t, std::uint32_t>> starts_of(const Graph& graph, const Pattern& pattern,
                                                               const Components& within) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> starts;
  const auto component_of = [&](std::uint32_t node, bool was_rw) {
    return within.of[pattern.alternates ? 2 * node + (was_rw ? 1 : 0) : node];
  };
  for (std::uint32_t node = 0; node < graph.operations; ++node) {
    const auto own = component_of(node, false);
    if (within.size[own] < 2)
      continue;
    bool is_start = false;
    for (auto edge = graph.first[node]; edge < graph.first[node + 1] && !is_start; ++edge) {
      const auto kind = graph.kind[edge];
      // A hub may lead to an anti-dependency; which one is known only by walking through it.
      is_start = (kind == Kind::through && (pattern.start & rw_kinds) != 0) ||
                 (is_one_of(kind, pattern.start) && component_of(graph.to[edge], is_one_of(kind, rw_kinds)) == own);
    }
    if (is_start)
      starts.emplace_back(own, node);
  }
  std::sort(starts.begin(), starts.end());
  return starts;
}

/// Looks for each kind of cycle in one component: without edges of order first, then with those of processes, then
/// with those of real time, so that a kind is reported in its gravest variant only.
class ComponentSearch {
public:
  ComponentSearch(const Component& component, Budget& budget, Cycles& into)
      : component_(component), budget_(budget), search_(component, budget), into_(into) {}

  void run() {
    std::array<bool, pattern_count> known{}; // a kind without variant makes its variants nothing new
    for (const auto variant : {Variant::plain, Variant::process, Variant::realtime}) {
      const auto all = patterns(variant);
      for (std::size_t i = 0; i < all.size() && !into_.is_exhausted; ++i) {
        const auto& pattern = all[i];
        if (known[i] || (component_.kinds & pattern.start) == 0 ||
            (pattern.must != 0 && (component_.kinds & pattern.must) == 0))
          continue;
        known[i] = look_for(pattern);
        into_.is_exhausted = budget_.exhausted();
      }
    }
  }

private:
  bool look_for(const Pattern& pattern) {
    // Of the kinds with several anti-dependencies too, so that one set of components serves G-single and G-nonadjacent.
    find_components(component_.graph, {pattern.rest | pattern.start, pattern.alternates}, within_);
    const auto starts = starts_of(component_.graph, pattern, within_);
    bool is_found = false;
    std::vector<std::uint32_t> nodes;
    for (auto begin = starts.begin(); begin != starts.end() && !into_.is_exhausted;) {
      const auto end = std::find_if(begin, starts.end(), [&](const auto& one) { return one.first != begin->first; });
      nodes.clear();
      for (auto one = begin; one != end; ++one)
        nodes.push_back(one->second);
      begin = end;
      auto answer = search_.shortest(pattern, within_, nodes);
      if (!answer.shortest.empty()) {
        add(pattern.name, std::move(answer.shortest));
        is_found = true;
      } else if (!answer.is_complete)
        settle(pattern, nodes.front());
    }
    return is_found;
  }

  /// What the search gave up, at least as a cycle of some kind that does no less harm: in a component there is always a
  /// walk back from where an edge leads.
  void settle(const Pattern& pattern, std::uint32_t start) {
    auto loose = pattern;
    loose.needs_second = loose.second_is_next = false;
    loose.rest |= loose.alternates ? pattern.start : 0;
    for (auto& cycle : search_.any(loose, within_, start))
      if (const auto kind = classify(cycle); seen_.insert(kind).second)
        add(kind, std::move(cycle));
    if (std::find(into_.undecided.begin(), into_.undecided.end(), pattern.name) == into_.undecided.end())
      into_.undecided.push_back(pattern.name);
  }

  void add(const std::string& kind, Cycle cycle) {
    seen_.insert(kind);
    for (auto& link : cycle) {
      link.from = component_.members[link.from];
      link.to = component_.members[link.to];
    }
    into_.found.push_back({kind, std::move(cycle)});
  }

  const Component& component_;
  Budget& budget_;
  Search search_;
  Cycles& into_;
  Components within_;
  std::set<std::string> seen_;
};

} // namespace

std::string classify(const Cycle& cycle) {
  std::size_t rw = 0;
  bool is_adjacent = false;
  Kinds kinds = 0;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const bool is_rw = is_one_of(cycle[i].kind, rw_kinds);
    rw += is_rw ? 1 : 0;
    is_adjacent = is_adjacent || (is_rw && is_one_of(cycle[(i + 1) % cycle.size()].kind, rw_kinds));
    kinds |= bit(cycle[i].kind);
  }
  std::string name = rw > 1                                  ? (is_adjacent ? "G2-item" : "G-nonadjacent")
                     : rw == 1 || (kinds & stale_kinds) != 0 ? "G-single"
                     : (kinds & information_kinds) != 0      ? "G1c"
                                                             : "G0";
  return name + ((kinds & realtime_kinds) != 0 ? "-realtime" : (kinds & process_kinds) != 0 ? "-process" : "");
}

Cycles find_cycles(GraphBuilder& dependencies, std::span<const Interval> intervals, Budget& budget) {
  Cycles cycles;
  add_process_order(intervals, dependencies);
  const auto points = add_real_time(intervals, dependencies);
  const auto graph = dependencies.build(points);
  dependencies.clear(0);
  budget.take(graph.to.size() * (sizeof(std::uint32_t) + sizeof(Kind)) + graph.nodes * sizeof(std::uint32_t) * 6);
  if (budget.exhausted()) {
    cycles.is_exhausted = true;
    return cycles;
  }
  Cutter cutter(graph, intervals);
  for (std::size_t i = 0; i < cutter.count() && !cycles.is_exhausted; ++i) {
    const auto component = cutter.cut(i);
    ComponentSearch(component, budget, cycles).run();
  }
  return cycles;
}

} // namespace holdfast::consistency::isolation
