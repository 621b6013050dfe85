#include "tests/consistency/transaction_story.hpp"

#include <doctest/doctest.h>

using namespace holdfast::consistency;
using namespace holdfast::test;

TEST_CASE("long-fork: two reads that each saw what the other did not") {
  const std::vector<Told> all{{"wx1"}, {"wy1"}, {"rx1 ry_"}, {"ry1 rx_"}};
  const auto result = judged(at_once(all), "long-fork");
  CHECK(result.validity == Validity::invalid);
  CHECK(kinds(result) == "long-fork G-nonadjacent");
  CHECK(result.reason ==
        "T2 (line 7) saw the write of :x and not that of :y, and T3 (line 8) that of :y and not that of "
        ":x");
  CHECK(judged(at_once(all), "long-fork", "parallel-snapshot-isolation").validity == Validity::valid);
}

TEST_CASE("long-fork: reads that see more and more are no fork, however old") {
  const auto result = judged(one_by_one({{"wx1"}, {"wy1"}, {"rx1 ry1"}, {"rx_ ry_"}, {"rx1 ry_"}}), "long-fork");
  CHECK(result.validity == Validity::valid);
  CHECK(result.ruled_out.front() == "strong-snapshot-isolation");
}

TEST_CASE("long-fork: a key written twice is no such history") {
  const auto result = judged(at_once({{"wx1"}, {"wx2"}, {"rx1 ry_"}}), "long-fork");
  CHECK(result.validity == Validity::unknown);
  CHECK(result.reason == "T0 (line 4) and T1 (line 5) both write :x, which must be written once");
}
