#include "harness/consistency/isolation/timeline.hpp"

#include <algorithm>

namespace holdfast::consistency::isolation {

void add_process_order(std::span<const Interval> intervals, GraphBuilder& builder) {
  std::vector<std::uint32_t> last; // of each process, one more
  for (std::uint32_t i = 0; i < intervals.size(); ++i) {
    const auto& one = intervals[i];
    if (last.size() <= one.process)
      last.resize(one.process + 1, 0);
    auto& before = last[one.process];
    // An operation of unknown outcome has no completion: it precedes nothing, not even in its own process.
    if (before != 0 && intervals[before - 1].completion < one.invocation)
      builder.add(before - 1, i, Kind::process);
    before = i + 1;
  }
}

std::uint32_t add_real_time(std::span<const Interval> intervals, GraphBuilder& builder) {
  std::vector<std::uint32_t> completed; // by completion
  for (std::uint32_t i = 0; i < intervals.size(); ++i)
    if (intervals[i].completion != never)
      completed.push_back(i);
  std::sort(completed.begin(), completed.end(),
            [&](auto a, auto b) { return intervals[a].completion < intervals[b].completion; });
  // Operations are by invocation, so one pass over the completions finds the last point before each.
  const auto base = builder.hubs();
  std::uint32_t passed = 0;
  for (std::uint32_t i = 0; i < intervals.size(); ++i) {
    while (passed < completed.size() && intervals[completed[passed]].completion < intervals[i].invocation)
      ++passed;
    if (passed > 0)
      builder.add(base + passed - 1, i, Kind::realtime);
  }
  for (std::uint32_t point = 0; point < completed.size(); ++point) {
    builder.add(completed[point], base + point, Kind::realtime);
    if (point > 0)
      builder.add(base + point - 1, base + point, Kind::realtime);
  }
  return static_cast<std::uint32_t>(completed.size());
}

} // namespace holdfast::consistency::isolation
