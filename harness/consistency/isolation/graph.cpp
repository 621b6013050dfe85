#include "harness/consistency/isolation/graph.hpp"

namespace holdfast::consistency::isolation {

std::string_view label(Kind kind) {
  if ((bit(kind) & rw_kinds) != 0)
    return "rw";
  switch (kind) {
  case Kind::wr:
    return "wr";
  case Kind::process:
    return "process";
  case Kind::realtime:
    return "realtime";
  default:
    return "ww";
  }
}

void GraphBuilder::add_all(std::span<const std::uint32_t> readers, std::span<const std::uint32_t> writers,
                           std::span<const Kind> kinds) {
  const auto pairs = readers.size() * writers.size();
  if (pairs <= readers.size() * 2 + writers.size() * 4) {
    for (const auto reader : readers)
      for (std::size_t i = 0; i < writers.size(); ++i)
        add(reader, writers[i], kinds[i]);
    return;
  }
  // Two chains over the writers: before[i] leads to writers 0..i, after[i] to writers i..; a reader that is itself
  // writer i takes before[i - 1] and after[i + 1], so that no node leads back to itself.
  const auto count = static_cast<std::uint32_t>(writers.size());
  const auto before = hubs_;
  const auto after = hubs_ + count;
  hubs_ += 2 * count;
  place_.resize(operations_, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    place_[writers[i]] = i + 1;
    add(before + i, writers[i], kinds[i]);
    add(after + i, writers[i], kinds[i]);
    if (i > 0) {
      add(before + i, before + i - 1, Kind::through);
      add(after + i - 1, after + i, Kind::through);
    }
  }
  for (const auto reader : readers) {
    const auto own = place_[reader];
    if (own == 0) {
      add(reader, after, Kind::through);
      continue;
    }
    if (own > 1)
      add(reader, before + own - 2, Kind::through);
    if (own < count)
      add(reader, after + own, Kind::through);
  }
  for (const auto writer : writers)
    place_[writer] = 0;
}

/// A counting sort by where edges begin.
Graph GraphBuilder::build(std::uint32_t points) const {
  Graph graph{operations_, hubs_, hubs_ + points, {}, {}, {}};
  graph.first.assign(graph.nodes + 1, 0);
  for (const auto node : from_)
    ++graph.first[node + 1];
  for (std::uint32_t node = 0; node < graph.nodes; ++node)
    graph.first[node + 1] += graph.first[node];
  graph.to.resize(to_.size());
  graph.kind.resize(to_.size());
  auto next = graph.first;
  for (std::size_t i = 0; i < to_.size(); ++i) {
    const auto place = next[from_[i]]++;
    graph.to[place] = to_[i];
    graph.kind[place] = kind_[i];
  }
  return graph;
}

void GraphBuilder::clear(std::uint32_t operations) {
  operations_ = hubs_ = operations;
  from_.clear();
  to_.clear();
  kind_.clear();
}

} // namespace holdfast::consistency::isolation
