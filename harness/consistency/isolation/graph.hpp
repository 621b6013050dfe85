// The dependency graph of transactions (Adya, "Weak Consistency", 1999, section 3.1; its direct serialization graph).
#pragma once

#include "harness/consistency/history.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace holdfast::consistency::isolation {

/// Why one transaction comes before another. Where the order of two versions is not read off the history but follows
/// from the assumption that some anomaly is absent, the kind says which, and a cycle with such an edge counts as that
/// anomaly at least: either it is there, or the edge is true and the cycle is.
enum class Kind : std::uint8_t {
  ww,
  ww_read, ///< a write that is known to have happened only because another of its transaction was read: G1c
  wr,
  rw,
  process,
  realtime,
  ww_stale_process,  ///< versions in the order in which one process met them; else it met a stale one: G-single-process
  rw_process,        ///< the newer of such versions overwrote what was read
  ww_stale_realtime, ///< versions in the order of real time; else one met a stale one: G-single-realtime
  rw_realtime,
  through ///< to or from a node that stands for many edges; no dependency of its own
};

/// A set of kinds, as bits.
using Kinds = std::uint32_t;
constexpr Kinds bit(Kind kind) {
  return Kinds{1} << static_cast<unsigned>(kind);
}
template <class... Each>
constexpr Kinds bits(Each... kinds) {
  return (Kinds{0} | ... | bit(kinds));
}

constexpr Kinds process_kinds = bits(Kind::process, Kind::ww_stale_process, Kind::rw_process);
constexpr Kinds realtime_kinds = bits(Kind::realtime, Kind::ww_stale_realtime, Kind::rw_realtime);
constexpr Kinds ww_kinds = bits(Kind::ww);
constexpr Kinds information_kinds = bits(Kind::wr, Kind::ww_read);
constexpr Kinds stale_kinds = bits(Kind::ww_stale_process, Kind::ww_stale_realtime);
constexpr Kinds rw_kinds = bits(Kind::rw, Kind::rw_process, Kind::rw_realtime);
constexpr Kinds order_kinds = bits(Kind::process, Kind::realtime);
constexpr Kinds through_kinds = bits(Kind::through);

/// As an edge of a counterexample is labelled: ww, wr, rw, process, realtime.
[[nodiscard]] std::string_view label(Kind kind);

/// Nodes below `operations` are operations; from there to `hubs` they stand for many edges and are passed through; from
/// there on they are points in time (see timeline.hpp). Edges are grouped by where they begin.
struct Graph {
  std::uint32_t operations = 0;
  std::uint32_t hubs = 0;
  std::uint32_t nodes = 0;
  std::vector<std::uint32_t> first; ///< of each node, and one more
  std::vector<std::uint32_t> to;
  std::vector<Kind> kind;
};

/// Collects edges in any order.
class GraphBuilder {
public:
  explicit GraphBuilder(std::uint32_t operations) : operations_(operations), hubs_(operations) {}

  std::uint32_t add_hub() { return hubs_++; }
  /// Nothing where both ends are the same.
  void add(std::uint32_t from, std::uint32_t to, Kind kind) {
    if (from == to)
      return;
    from_.push_back(from);
    to_.push_back(to);
    kind_.push_back(kind);
  }
  /// Every reader to every later writer except itself, by `kinds[i]` to `writers[i]`, none of which may be there twice;
  /// through chains of hubs where that takes fewer edges than there are pairs.
  void add_all(std::span<const std::uint32_t> readers, std::span<const std::uint32_t> writers,
               std::span<const Kind> kinds);

  [[nodiscard]] std::uint32_t operations() const { return operations_; }
  [[nodiscard]] std::uint32_t hubs() const { return hubs_; }
  [[nodiscard]] std::size_t edges() const { return to_.size(); }
  /// With room for `points` nodes in time after the hubs.
  [[nodiscard]] Graph build(std::uint32_t points) const;
  void clear(std::uint32_t operations);

private:
  std::uint32_t operations_;
  std::uint32_t hubs_;
  std::vector<std::uint32_t> from_, to_;
  std::vector<Kind> kind_;
  std::vector<std::uint32_t> place_; ///< of an operation among the writers at hand, one more; 0: none
};

} // namespace holdfast::consistency::isolation
