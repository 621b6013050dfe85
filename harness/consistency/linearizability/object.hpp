// A sequential object, and the calls that were made on it: what is asked of the search and of the direct method.
//
// A model makes one object for each part of a history that can be judged alone (P-compositionality: a history is
// linearizable exactly when its restriction to each object is; Herlihy & Wing 1990, section 3.2, and Horn & Kroening,
// "Faster linearizability checking via P-compositionality", FORTE 2015).
#pragma once

#include "harness/consistency/history.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::consistency::linearizability {

/// However the model writes a state down; two are the same state exactly when they are equal.
using State = std::uint64_t;
/// What a call did, result included: two calls of one kind are interchangeable. An index of `Object::kinds`.
using Kind = std::uint32_t;
/// A value at a place: "the register holds 3". Only of objects whose calls can be told so; see `Traits`.
using Cell = std::uint32_t;

struct Traits {
  bool is_pure = false;  ///< it leaves every state in which it is possible as it is
  bool is_blind = false; ///< it is possible in every state, and the state after it does not depend on the one before
  bool observes_all = false; ///< its result may tell any state from another: a failed compare-and-set
  std::uint32_t first = 0;   ///< in `Object::cells`: those that it observes, then those that it leaves behind
  std::uint32_t observed = 0;
  std::uint32_t left = 0;
};

struct Object {
  State initial = 0;
  /// A state that no result can tell from another: every kind that is not blind is impossible in it or leads back to
  /// it.
  std::optional<State> unobservable;
  std::optional<State> merged; ///< what holds values that the model did not care to tell apart, for sentences
  std::vector<Traits> kinds;
  std::vector<Cell> cells;
  Cell cell_count = 0; ///< 0: its calls are not told in cells, and nothing is dropped before the search
  std::vector<Cell> initial_cells;
  /// It holds one cell at a time; every call either observes that, or leaves another, or both.
  bool is_register = false;
  /// The state after a call of that kind, none where its result is impossible. Pure.
  std::function<std::optional<State>(State, Kind)> step;
  /// "the register is 5"
  std::function<std::string(State)> describe;

  [[nodiscard]] std::span<const Cell> observed(Kind kind) const {
    return std::span(cells).subspan(kinds[kind].first, kinds[kind].observed);
  }
  [[nodiscard]] std::span<const Cell> left(Kind kind) const {
    return std::span(cells).subspan(kinds[kind].first + kinds[kind].observed, kinds[kind].left);
  }
};

/// A place in real time. Invocations and completions are at even ones (`moment`), so that something can be put just
/// before each.
using Moment = std::uint64_t;
constexpr Moment no_moment = std::numeric_limits<Moment>::max();
constexpr Moment moment(Position position) {
  return position == never ? no_moment : Moment{2} * position;
}

struct Call {
  OperationId operation = 0;
  Kind kind = 0;
  bool is_required = true;     ///< it took effect; one that is not may have, until its deadline
  Moment start = 0;            ///< it takes effect after this
  Moment deadline = no_moment; ///< and before this
};

} // namespace holdfast::consistency::linearizability
