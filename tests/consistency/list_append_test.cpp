#include "tests/consistency/transaction_story.hpp"

#include <doctest/doctest.h>

using namespace holdfast::consistency;
using namespace holdfast::test;

namespace {

std::string found(const std::vector<Told>& all, const std::string& level = {}) {
  return kinds(judged(at_once(all), "list-append", level));
}

} // namespace

TEST_CASE("list-append: a serial history is valid") {
  const auto result = judged(one_by_one({{"ax1"}, {"rx[1] ax2"}, {"rx[1,2] ry_"}}), "list-append");
  CHECK(result.validity == Validity::valid);
  CHECK(kinds(result).empty());
  CHECK(result.ruled_out.empty());
  CHECK(result.reason == "3 reads against 2 writes");
}

TEST_CASE("list-append: each kind of cycle has its name") {
  CHECK(found({{"ax1 ay1"}, {"ax2 ay2"}, {"rx[1,2] ry[2,1]"}}) == "G0");
  CHECK(found({{"ax1 ry[1]"}, {"ax2 ay1"}, {"rx[1,2]"}}) == "G1c");
  CHECK(found({{"ax1 ay1"}, {"rx[1] ry_"}}) == "G-single");
  CHECK(found({{"rx_ ay1"}, {"ry_ ax1"}}) == "G2-item");
  CHECK(found({{"ax1"}, {"ay1"}, {"rx[1] ry_"}, {"rx_ ry[1]"}}) == "G-nonadjacent");
}
