// Strongly connected components (Tarjan, 1972), without recursion: a history may have millions of transactions in one.
#pragma once

#include "harness/consistency/isolation/graph.hpp"

namespace holdfast::consistency::isolation {

/// Which walks count.
struct Walk {
  Kinds kinds = 0; ///< `through` is always allowed
  /// Two anti-dependencies must not follow each other. Then a node is there twice, as 2 * node and, where the last step
  /// was an anti-dependency, 2 * node + 1: a cycle among those is a walk without adjacent ones, which snapshot
  /// isolation rules out (Cerone & Gotsman, "Analysing Snapshot Isolation", PODC 2016, theorem 4.1).
  bool alternates = false;
};

struct Components {
  std::vector<std::uint32_t> of;   ///< of each node; a component that another leads to has the smaller number
  std::vector<std::uint32_t> size; ///< nodes of each component
};

/// Reuses what `into` has allocated.
void find_components(const Graph& graph, const Walk& walk, Components& into);

} // namespace holdfast::consistency::isolation
