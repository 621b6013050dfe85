// The shortest cycle of a pattern within one component.
#pragma once

#include "harness/consistency/isolation/component.hpp"
#include "harness/consistency/isolation/cycles.hpp"
#include "harness/consistency/isolation/pattern.hpp"

#include <array>

namespace holdfast::consistency::isolation {

/// Looks breadth-first from each operation for the way back to it. What a pattern asks of a whole cycle is state of the
/// walk: a node is visited once in each state. Between what is passed through (hubs, points in time) nothing is
/// counted.
class Search {
public:
  Search(const Component& component, Budget& budget);

  struct Answer {
    Cycle shortest;          ///< with the component's numbers; empty: none found
    bool is_complete = true; ///< every start was looked at; else there may be one, or a shorter one
  };
  /// Only walks within one component of `within`, which was found with the pattern's kinds and `alternates`.
  [[nodiscard]] Answer shortest(const Pattern& pattern, const Components& within,
                                std::span<const std::uint32_t> starts);
  /// The cycles of one walk from `start` back to it, of whatever kind.
  [[nodiscard]] std::vector<Cycle> any(const Pattern& pattern, const Components& within, std::uint32_t start);

private:
  using State = std::uint32_t;
  static constexpr State was_rw = 1;
  static constexpr State has_must = 2;
  static constexpr State has_second = 4;
  static constexpr State states = 8;
  static constexpr std::uint32_t no_place = 0xffffffff;

  void look_from(std::uint32_t start);
  void expand(std::uint32_t place, bool is_first);
  void step(std::uint32_t node, State state, std::uint32_t from, Kind kind);
  void visit(std::uint32_t node, State state, std::uint32_t from, Kind kind);
  void visit_order(std::uint32_t node, State state, std::uint32_t from, Kinds allowed);
  [[nodiscard]] bool is_goal(State state) const;
  [[nodiscard]] std::uint32_t component_of(std::uint32_t node, State state) const;
  void keep(std::uint32_t last, Kind kind);

  const Component& component_;
  Budget& budget_;
  const Pattern* pattern_ = nullptr;
  const Components* within_ = nullptr;
  std::uint32_t start_ = 0;
  std::uint32_t label_ = 0;
  std::size_t best_ = 0; ///< length of the shortest so far; 0: none
  std::size_t steps_ = 0;
  bool is_found_ = false;
  Cycle cycle_;

  std::uint32_t round_ = 0;
  std::vector<std::uint32_t> seen_; ///< round, by node and state
  std::vector<std::uint32_t> from_; ///< place from which it was reached
  std::vector<Kind> via_;
  std::vector<std::uint32_t> passed_; ///< round, by node and state: its process' later operations were all visited
  std::array<std::uint32_t, states> earliest_{}; ///< by state: members from here on were all visited in real time
  std::vector<std::uint32_t> now_, next_, inner_;
};

} // namespace holdfast::consistency::isolation
