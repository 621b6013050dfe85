// Cycles of the dependency graph: which kinds there are, and the shortest of each.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/isolation/timeline.hpp"

#include <string>
#include <vector>

namespace holdfast::consistency::isolation {

/// One edge of a cycle, between operations.
struct Link {
  OperationId from = 0;
  OperationId to = 0;
  Kind kind = Kind::ww;
};

/// Each link ends where the next begins, the last where the first begins.
using Cycle = std::vector<Link>;

/// The anomaly that a cycle is, by its edges: G0 (writes only), G1c (circular information flow), G-single (one
/// anti-dependency), G-nonadjacent (several, no two in a row), G2-item; with -process or -realtime where such an edge
/// takes part. (Adya 1999, section 4; Cerone & Gotsman 2016 for G-nonadjacent; Kingsbury & Alvaro, "Elle", VLDB 2020,
/// section 6.)
[[nodiscard]] std::string classify(const Cycle& cycle);

struct FoundCycle {
  std::string kind;
  Cycle cycle;
};

struct Cycles {
  std::vector<FoundCycle> found; ///< for each kind one in each component that has it
  /// Kinds that may be there: the search for one ended without an answer. Only G-single and its variants, and only in
  /// components of very many transactions; whether there is any cycle, and one without adjacent anti-dependencies, is
  /// always decided.
  std::vector<std::string> undecided;
  bool is_exhausted = false; ///< the budget ended before all was looked at
};

/// Adds process order and real time to the dependencies and looks for every kind of cycle. Linear in the graph as long
/// as components are small; in large ones the shortest of each kind is looked for within a bounded number of steps.
[[nodiscard]] Cycles find_cycles(GraphBuilder& dependencies, std::span<const Interval> intervals, Budget& budget);

} // namespace holdfast::consistency::isolation
