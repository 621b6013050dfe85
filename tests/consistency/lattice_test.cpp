// The lattice of consistency models, asked from both sides.
#include "harness/consistency/isolation/lattice.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace holdfast::consistency::isolation;

TEST_CASE("an anomaly rules out the same models whichever way one asks") {
  auto names = level_names(Promises::to_sessions_too);
  for (auto& name : names)
    name = canonical_level(name);
  for (const auto* anomaly : {"garbage-read",
                              "duplicate-elements",
                              "incompatible-order",
                              "cyclic-versions",
                              "G0",
                              "G1a",
                              "G1b",
                              "G1c",
                              "internal",
                              "future-read",
                              "lost-update",
                              "long-fork",
                              "G-single",
                              "G-nonadjacent",
                              "G2-item",
                              "G0-process",
                              "G1c-process",
                              "G-single-process",
                              "G-nonadjacent-process",
                              "G2-item-process",
                              "G0-realtime",
                              "G1c-realtime",
                              "G-single-realtime",
                              "G-nonadjacent-realtime",
                              "G2-item-realtime",
                              "read-your-writes",
                              "monotonic-reads",
                              "monotonic-writes",
                              "writes-follow-reads",
                              "PRAM",
                              "nothing that anybody knows"}) {
    const auto all = ruled_out_by({anomaly});
    CHECK(all.empty() == (std::string(anomaly) == "nothing that anybody knows"));
    for (const auto& name : names) {
      INFO(std::string(anomaly), " and ", name);
      CHECK(rules_out(anomaly, name) == (std::find(all.begin(), all.end(), name) != all.end()));
    }
  }
}
