// A counterexample as an SVG: operations as bars, a row a process, arrows for what must come before what.
#pragma once

#include "harness/consistency/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::reports {

struct Drawing {
  const consistency::History& history;
  std::vector<consistency::OperationId> operations;
  std::vector<consistency::Edge> edges;
  std::map<consistency::OperationId, std::string> numbers; ///< the place of an operation in an order, where it has one
  std::vector<consistency::OperationId> stuck;             ///< those that cannot be placed
};

/// An <svg> element for a page that has `drawing_style`. Time runs to the right, in the order of the events alone: only
/// those of the drawn operations take room. What is not completed has no right end.
[[nodiscard]] std::string svg(const Drawing& drawing);

/// CSS for light and dark.
[[nodiscard]] std::string drawing_style();

} // namespace holdfast::reports
