// One strongly connected component, cut out of the graph with numbers of its own.
#pragma once

#include "harness/consistency/isolation/components.hpp"
#include "harness/consistency/isolation/timeline.hpp"

namespace holdfast::consistency::isolation {

struct Component {
  Graph graph;                             ///< with process order, and real time through points
  std::vector<std::uint32_t> members;      ///< the operations, by invocation: their numbers elsewhere
  std::vector<std::uint32_t> later;        ///< of each: the first member invoked after it completed
  std::vector<std::uint32_t> same_process; ///< of each: the next member of its process; `members.size()`: none
  Kinds kinds = 0;                         ///< that occur inside
};

/// Cuts components out, one after the other.
class Cutter {
public:
  /// `graph` as `find_cycles` builds it: dependencies, process order, real time.
  Cutter(const Graph& graph, std::span<const Interval> intervals);

  /// How many have more than one node.
  [[nodiscard]] std::size_t count() const { return begins_.size(); }
  [[nodiscard]] Component cut(std::size_t number);

private:
  const Graph& graph_;
  std::span<const Interval> intervals_;
  Components components_;
  std::vector<std::uint32_t> nodes_; ///< of the larger components, one after the other, ascending
  std::vector<std::pair<std::uint32_t, std::uint32_t>> begins_;
  std::vector<std::uint32_t> local_;
  GraphBuilder builder_{0};
};

} // namespace holdfast::consistency::isolation
