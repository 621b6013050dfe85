// The lattice of consistency models, asked from both sides.
#include "harness/consistency/isolation/lattice.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace holdfast::consistency::isolation;

TEST_CASE("an anomaly rules out the same models whichever way one asks") {
  auto names = level_names(Promises::to_sessions_too);
  for (auto& name : names)
    name = canonical_level(name);
  int allowed = 0;
  for (const auto name_of_anomaly : anomalies()) {
    const std::string anomaly(name_of_anomaly);
    const auto all = ruled_out_by({anomaly});
    allowed += all.empty() ? 1 : 0;
    for (const auto& name : names) {
      INFO(anomaly, " and ", name);
      CHECK(rules_out(anomaly, name) == (std::find(all.begin(), all.end(), name) != all.end()));
    }
  }
  CHECK(allowed == 2); // what was written twice makes a history unclear, not wrong
  CHECK(ruled_out_by({"nothing that anybody knows"}).empty());
}
