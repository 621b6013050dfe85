// Demands that one version be not later than another, and the cycles of them that no order of the versions can meet.
//
// Who has met versions one after the other, and then demands something of all of them, would demand it of each: a state
// stands for all that was met up to a step, so that there are no more edges than steps and demands.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/isolation/components.hpp"
#include "harness/consistency/isolation/flat_index.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace holdfast::consistency::isolation {

/// None of the versions that lead to a state may be later than this one.
struct Demand {
  std::uint32_t state = 0;
  std::uint32_t version = 0;
  std::uint32_t step = 0;    ///< that met or made this version
  std::uint32_t seen = none; ///< a write that whoever did that step had seen; none: it is the same session's
};

class Demands {
public:
  /// What grows is taken from the budget.
  Demands(std::uint32_t versions, Budget& budget) : versions_(versions), budget_(budget) {}

  /// Whatever else, this one is before that.
  void precede(std::uint32_t before, std::uint32_t after) { paths_.emplace_back(before, after); }
  /// After a state (`none`: the first) that met a version at a step. Returns its number.
  std::uint32_t add_state(std::uint32_t before, std::uint32_t version, std::uint32_t step);
  /// Repeated ones are kept once.
  void add(const Demand& demand);
  /// Forgets the demands, not the states.
  void clear() { demands_.clear(); }

  /// From a version, by what met it, to the version that must not be before it.
  struct Hop {
    std::uint32_t met = 0; ///< step
    Demand demand;
  };
  using Cycle = std::vector<Hop>; ///< what `precede` said is passed over
  struct Found {
    std::vector<Cycle> cycles; ///< short ones, each among versions that all must not be before one another
    std::size_t more = 0;      ///< such sets of versions beside
  };
  /// Linear in the states and demands, which it sorts. Nothing when the budget is exhausted.
  [[nodiscard]] Found find_cycles(std::size_t most);

private:
  [[nodiscard]] std::uint32_t nodes() const { return versions_ + static_cast<std::uint32_t>(steps_.size()); }
  [[nodiscard]] Graph graph(bool is_reversed) const;
  [[nodiscard]] Cycle hops(const std::vector<std::uint32_t>& nodes) const;
  void sort();

  std::uint32_t versions_; ///< nodes are versions, then states
  Budget& budget_;
  std::vector<std::uint32_t> steps_;                           ///< of states
  std::vector<std::pair<std::uint32_t, std::uint32_t>> paths_; ///< all edges but demands
  std::vector<Demand> demands_;
  std::size_t room_ = 0; ///< before repeated ones are looked for
};

} // namespace holdfast::consistency::isolation
