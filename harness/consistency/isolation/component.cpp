#include "harness/consistency/isolation/component.hpp"

#include "harness/consistency/isolation/flat_index.hpp"

#include <algorithm>

namespace holdfast::consistency::isolation {

/// Every cycle lies within one strongly connected component, so what is not in a larger one is never looked at again.
Cutter::Cutter(const Graph& graph, std::span<const Interval> intervals)
    : graph_(graph), intervals_(intervals), local_(graph.hubs, none) {
  find_components(graph, {~Kinds{0}, false}, components_);
  std::vector<std::uint32_t> next(components_.size.size(), none);
  std::uint32_t total = 0;
  for (std::size_t number = 0; number < next.size(); ++number)
    if (components_.size[number] > 1) {
      next[number] = total;
      begins_.emplace_back(total, static_cast<std::uint32_t>(number));
      total += components_.size[number];
    }
  nodes_.resize(total);
  for (std::uint32_t node = 0; node < graph.nodes; ++node)
    if (auto& place = next[components_.of[node]]; place != none)
      nodes_[place++] = node;
}

Component Cutter::cut(std::size_t which) {
  const auto [begin, number] = begins_[which];
  const auto nodes = std::span(nodes_).subspan(begin, components_.size[number]);
  Component one;
  std::vector<Interval> intervals;
  std::vector<std::uint32_t> hubs;
  for (const auto node : nodes) {
    if (node < graph_.operations) {
      local_[node] = static_cast<std::uint32_t>(one.members.size());
      one.members.push_back(node);
      intervals.push_back(intervals_[node]);
    } else if (node < graph_.hubs)
      hubs.push_back(node);
  }
  const auto count = static_cast<std::uint32_t>(one.members.size());
  // Processes numbered anew, so that few members need few of them.
  FlatIndex processes;
  std::uint32_t known = 0;
  for (auto& interval : intervals) {
    interval.process = processes.insert(0, interval.process, known);
    known += interval.process == known ? 1 : 0;
  }
  // Process order and real time are made anew among the members: the edges of the whole graph may lead through
  // operations that are not in this component.
  builder_.clear(count);
  for (const auto hub : hubs)
    local_[hub] = builder_.add_hub();
  for (const auto node : nodes) {
    if (node >= graph_.hubs)
      break;
    for (auto edge = graph_.first[node]; edge < graph_.first[node + 1]; ++edge) {
      const auto to = graph_.to[edge];
      const auto kind = graph_.kind[edge];
      if (to >= graph_.hubs || components_.of[to] != number || (bit(kind) & order_kinds) != 0)
        continue;
      builder_.add(local_[node], local_[to], kind);
      one.kinds |= bit(kind);
    }
  }
  const auto before = builder_.edges();
  add_process_order(intervals, builder_);
  if (builder_.edges() > before)
    one.kinds |= bit(Kind::process);
  const auto points = add_real_time(intervals, builder_);
  one.graph = builder_.build(points);

  // Backwards, so that `last` is the next member of each process.
  one.later.assign(count, count);
  one.same_process.assign(count, count);
  std::vector<std::uint32_t> last(known, count);
  for (auto i = count; i-- > 0;) {
    const auto& interval = intervals[i];
    const auto later = std::partition_point(intervals.begin() + i, intervals.end(), [&](const Interval& other) {
      return other.invocation < interval.completion;
    });
    one.later[i] = static_cast<std::uint32_t>(later - intervals.begin());
    if (one.later[i] < count)
      one.kinds |= bit(Kind::realtime);
    if (last[interval.process] >= one.later[i])
      one.same_process[i] = last[interval.process];
    last[interval.process] = i;
  }
  return one;
}

} // namespace holdfast::consistency::isolation
