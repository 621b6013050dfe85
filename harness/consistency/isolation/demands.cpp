#include "harness/consistency/isolation/demands.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>

namespace holdfast::consistency::isolation {

namespace {

constexpr std::size_t beginnings = 32; ///< versions from which a shortest cycle is looked for

/// How far nodes of one component are from one of its versions, in versions, and the node before each on the way.
class Distances {
public:
  Distances(const Graph& graph, const Components& components, std::uint32_t versions)
      : graph_(graph), components_(components), versions_(versions), far_(graph.nodes, none), before_(graph.nodes) {}

  /// Forgets the last measurement. Looks at nothing as far as a limit.
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
        // A step to a state costs nothing, as distances are in versions: it goes to the front of the queue.
        if (to >= versions_)
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
  std::uint32_t versions_;
  std::vector<std::uint32_t> far_, before_;
  std::vector<std::uint32_t> reached_;
};

/// Nodes of a cycle through at least two of a component's versions, the first not repeated: the shortest, in versions,
/// through the first of them.
std::vector<std::uint32_t> shortest_cycle(const std::vector<std::uint32_t>& versions, Distances& there,
                                          Distances& back) {
  std::uint32_t shortest = none;
  std::vector<std::uint32_t> cycle;
  for (std::size_t i = 0; i < versions.size() && i < beginnings && shortest > 2; ++i) {
    const auto begin = versions[i];
    there.measure(begin, shortest - 1); // there is the way back as well
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

bool is_before(const Demand& a, const Demand& b) {
  return std::tie(a.state, a.version) < std::tie(b.state, b.version);
}

} // namespace

std::uint32_t Demands::add_state(std::uint32_t before, std::uint32_t version, std::uint32_t step) {
  const auto node = nodes();
  budget_.take(sizeof(std::uint32_t) * 5);
  steps_.push_back(step);
  paths_.emplace_back(version, node);
  if (before != none)
    paths_.emplace_back(before, node);
  return node;
}

/// Sorts out repeated demands whenever the room is full, and makes more room only when more than half were different.
void Demands::add(const Demand& demand) {
  if (demands_.size() == room_) {
    sort();
    const auto before = std::exchange(room_, std::max({room_, 2 * demands_.size(), std::size_t{1} << 10}));
    budget_.take((room_ - before) * sizeof(Demand));
  }
  demands_.push_back(demand);
}

void Demands::sort() {
  std::sort(demands_.begin(), demands_.end(), [](const Demand& a, const Demand& b) {
    return std::tie(a.state, a.version, a.step, a.seen) < std::tie(b.state, b.version, b.step, b.seen);
  });
  demands_.erase(
      std::unique(demands_.begin(), demands_.end(), [](const Demand& a, const Demand& b) { return !is_before(a, b); }),
      demands_.end());
}

Graph Demands::graph(bool is_reversed) const {
  GraphBuilder builder(nodes());
  const auto add = [&](std::uint32_t from, std::uint32_t to) {
    builder.add(is_reversed ? to : from, is_reversed ? from : to, Kind::ww);
  };
  for (const auto& [from, to] : paths_)
    add(from, to);
  for (const auto& one : demands_)
    add(one.state, one.version);
  return builder.build(0);
}

Demands::Found Demands::find_cycles(std::size_t most) {
  sort();
  Found found;
  const auto bytes = (paths_.size() + demands_.size() + nodes()) * 5 * sizeof(std::uint32_t);
  budget_.take(bytes);
  if (!budget_.exhausted()) {
    const auto forward = graph(false);
    Components components;
    find_components(forward, {bit(Kind::ww), false}, components);
    // Only a component of several versions is a contradiction: no version is later than itself.
    std::vector<std::uint32_t> count(components.size.size()); // of versions in each
    for (std::uint32_t version = 0; version < versions_; ++version)
      ++count[components.of[version]];
    std::map<std::uint32_t, std::vector<std::uint32_t>> cyclic; // versions, by component
    for (std::uint32_t version = 0; version < versions_; ++version)
      if (count[components.of[version]] > 1)
        cyclic[components.of[version]].push_back(version);
    if (!cyclic.empty()) {
      const auto backward = graph(true);
      Distances there(forward, components, versions_);
      Distances back(backward, components, versions_);
      for (const auto& [component, versions] : cyclic)
        if (found.cycles.size() < most)
          found.cycles.push_back(hops(shortest_cycle(versions, there, back)));
        else
          ++found.more;
    }
  }
  budget_.give_back(bytes);
  return found;
}

Demands::Cycle Demands::hops(const std::vector<std::uint32_t>& nodes) const {
  Cycle cycle;
  for (std::size_t i = 1; i < nodes.size(); ++i) { // it begins with a version
    const Demand wanted{nodes[i], nodes[(i + 1) % nodes.size()], 0, none};
    if (nodes[i] < versions_ || wanted.version >= versions_)
      continue; // not the state that demands something
    // Back to the first state after a version: the step that met this version.
    auto first = i;
    while (nodes[first - 1] >= versions_)
      --first;
    cycle.push_back(
        {steps_[nodes[first] - versions_], *std::lower_bound(demands_.begin(), demands_.end(), wanted, is_before)});
  }
  return cycle;
}

} // namespace holdfast::consistency::isolation
