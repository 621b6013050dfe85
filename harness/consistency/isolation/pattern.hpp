// The kinds of cycles as patterns of edges.
#pragma once

#include "harness/consistency/isolation/graph.hpp"

#include <array>
#include <string>

namespace holdfast::consistency::isolation {

/// The cycles that begin with an edge of `start` (every cycle of that kind can be read so).
struct Pattern {
  std::string name;
  Kinds start = 0;
  Kinds rest = 0;
  Kinds must = 0;              ///< at least one of these, where not empty
  bool alternates = false;     ///< no two anti-dependencies in a row
  bool needs_second = false;   ///< of anti-dependencies
  bool second_is_next = false; ///< and it follows the first
};

enum class Variant : std::uint8_t { plain, process, realtime };

constexpr std::size_t pattern_count = 5;

/// G0, G1c, G-single, G-nonadjacent, G2-item. Real time contains the order of each process, for one begins an operation
/// only after the one before completed.
[[nodiscard]] std::array<Pattern, pattern_count> patterns(Variant variant);

} // namespace holdfast::consistency::isolation
