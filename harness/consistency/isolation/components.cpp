#include "harness/consistency/isolation/components.hpp"

#include <algorithm>

namespace holdfast::consistency::isolation {

namespace {

struct Frame {
  std::uint32_t node;
  std::uint32_t edge;
};

} // namespace

void find_components(const Graph& graph, const Walk& walk, Components& into) {
  const auto total = walk.alternates ? 2 * graph.nodes : graph.nodes;
  const auto allowed = walk.kinds | through_kinds;
  // Numbers count up from 1 in the order of discovery, in `of` until a node's component is known; `low` is the smallest
  // that a node leads back to.
  constexpr std::uint32_t done = 0x80000000;
  auto& of = into.of;
  of.assign(total, 0);
  into.size.clear();
  std::vector<std::uint32_t> low(total, 0);
  std::vector<std::uint32_t> stack;
  std::vector<Frame> frames;
  std::uint32_t found = 0;
  const auto base = [&](std::uint32_t node) { return walk.alternates ? node / 2 : node; };
  const auto enter = [&](std::uint32_t node) {
    of[node] = low[node] = ++found;
    stack.push_back(node);
    frames.push_back({node, graph.first[base(node)]});
  };
  for (std::uint32_t root = 0; root < total; ++root) {
    if (of[root] != 0)
      continue;
    enter(root);
    while (!frames.empty()) {
      auto& [node, edge] = frames.back();
      if (edge == graph.first[base(node) + 1]) {
        // All edges of this node are followed: it leads back to what its successors lead back to. If that is itself, it
        // and what lies above it on the stack are one component.
        const auto left = node;
        frames.pop_back();
        if (!frames.empty())
          low[frames.back().node] = std::min(low[frames.back().node], low[left]);
        if (low[left] != of[left])
          continue;
        const auto number = static_cast<std::uint32_t>(into.size.size());
        into.size.push_back(0);
        std::uint32_t member = 0;
        do {
          member = stack.back();
          stack.pop_back();
          of[member] = done | number;
          ++into.size.back();
        } while (member != left);
        continue;
      }
      const auto kind = bit(graph.kind[edge]);
      auto next = graph.to[edge++];
      if ((kind & allowed) == 0)
        continue;
      if (walk.alternates) {
        const bool was_rw = (node & 1) != 0;
        const bool is_rw = (kind & rw_kinds) != 0;
        if (was_rw && is_rw)
          continue;
        next = 2 * next + ((kind & through_kinds) != 0 ? was_rw : is_rw);
      }
      if (of[next] == 0)
        enter(next);
      else if ((of[next] & done) == 0)
        low[node] = std::min(low[node], of[next]);
    }
  }
  for (auto& one : of)
    one &= ~done;
}

} // namespace holdfast::consistency::isolation
