#include "harness/consistency/isolation/pattern.hpp"

namespace holdfast::consistency::isolation {

std::array<Pattern, pattern_count> patterns(Variant variant) {
  constexpr Kinds any = ~Kinds{0};
  constexpr Kinds plain = any & ~process_kinds & ~realtime_kinds;
  const Kinds all = variant == Variant::plain ? plain : variant == Variant::process ? plain | process_kinds : any;
  // A variant asks for an edge of its own kind somewhere: without one the cycle is of the variant before.
  const Kinds must = variant == Variant::plain ? 0 : variant == Variant::process ? process_kinds : realtime_kinds;
  const Kinds ww = ww_kinds & all;
  const Kinds information = information_kinds & all;
  const Kinds stale = stale_kinds & all;
  const Kinds rw = rw_kinds & all;
  const Kinds order = order_kinds & all;
  const std::string suffix = variant == Variant::plain ? "" : variant == Variant::process ? "-process" : "-realtime";
  return {{
      {"G0" + suffix, ww, ww | order, must, false, false, false},
      {"G1c" + suffix, information, ww | information | order, must, false, false, false},
      {"G-single" + suffix, rw | stale, ww | information | stale | order, must, true, false, false},
      {"G-nonadjacent" + suffix, rw, ww | information | stale | order | rw, must, true, true, false},
      {"G2-item" + suffix, rw, ww | information | stale | order | rw, must, false, true, true},
  }};
}

} // namespace holdfast::consistency::isolation
