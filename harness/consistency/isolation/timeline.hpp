// The order of processes and of real time, as edges.
#pragma once

#include "harness/consistency/isolation/graph.hpp"

#include <span>

namespace holdfast::consistency::isolation {

/// What an operation's place in time is. One precedes another when its completion comes before the other's invocation.
struct Interval {
  Position invocation = 0;
  Position completion = never;
  std::uint32_t process = 0; ///< dense
};

/// Adds an edge from each to the next of the same process that follows it.
void add_process_order(std::span<const Interval> intervals, GraphBuilder& builder);

/// Adds real time in edges as many as operations, whatever the concurrency: each completion is a point in time that
/// leads to the next one, an operation leads to the point of its completion, and the last point before an invocation
/// leads to the operation. A path through points is exactly precedence. (The transitive reduction itself has up to
/// operations times concurrency edges.) Returns how many points there are; they are numbered after the builder's hubs,
/// none of which may be added afterwards. Intervals are by invocation.
std::uint32_t add_real_time(std::span<const Interval> intervals, GraphBuilder& builder);

} // namespace holdfast::consistency::isolation
