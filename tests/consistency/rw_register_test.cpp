#include "tests/consistency/transaction_story.hpp"

#include <doctest/doctest.h>

using namespace holdfast::consistency;
using namespace holdfast::test;

namespace {

std::string found(const std::vector<Told>& all) {
  return kinds(judged(at_once(all), "rw-register"));
}

Result declared(History history, const std::string& declaration) {
  Budget budget{Limits{}};
  return find_model("rw-register")->check(history, {"", {{declaration, "true"}}}, budget);
}

} // namespace

TEST_CASE("rw-register: a serial history is valid") {
  const auto result = judged(one_by_one({{"wx1"}, {"rx1 wx2"}, {"rx2 ry_"}}), "rw-register");
  CHECK(result.validity == Validity::valid);
  CHECK(kinds(result).empty());
}

TEST_CASE("rw-register: cycles follow from what was read, and from nil before all else") {
  CHECK(found({{"wx1 ry1"}, {"wy1 rx1"}}) == "G1c");
  CHECK(found({{"rx_ ry1"}, {"wy1 wx2"}}) == "G-single");
  CHECK(found({{"rx_ wy1"}, {"ry_ wx1"}}) == "G2-item");
  CHECK(found({{"wx1"}, {"wy1"}, {"rx1 ry_"}, {"rx_ ry1"}}) == "G-nonadjacent");
}

TEST_CASE("rw-register: who read a version and wrote another put that one behind it") {
  const auto result = judged(at_once({{"wy1"}, {"ry1 wx1 wy2"}, {"rx1 ry1"}}), "rw-register");
  CHECK(kinds(result) == "G-single");
  const auto& cycle = result.findings.front().examples.front();
  CHECK(cycle.edges[0].why ==
        "T2 (line 6) read :y as 1, which T1 (line 5) overwrote with 2 (T1 (line 5) read 1 and then "
        "wrote 2)");
  CHECK(cycle.edges[1].why == "T1 (line 5) wrote 1 to :x, which T2 (line 6) read");
}

TEST_CASE("rw-register: an order that rests on real time refutes only what promises real time") {
  // w1 and w2 may be in either order; but 2 was seen, then 1.
  std::vector<Told> all{{"wx1"}, {"wx2"}, {"rx2"}, {"rx1"}};
  auto history = one_by_one(all);
  history.operations[1].invocation = 0; // both writes at once
  const auto result = judged(std::move(history), "rw-register");
  CHECK(result.validity == Validity::invalid);
  CHECK(result.ruled_out.front() == "strong-snapshot-isolation");
  CHECK(judged(one_by_one(all), "rw-register", "serializable").validity == Validity::valid);
}

TEST_CASE("rw-register: an order that rests on one process refutes only what promises sessions") {
  const auto result = judged(at_once({{"wx1"}, {"wx2"}, {"rx1", ok, 7}, {"rx2", ok, 8}}), "rw-register");
  CHECK(kinds(result).empty());
  const auto stale = judged(one_by_one({{"wx1", ok, 1}, {"wx2", ok, 1}, {"rx1", ok, 1}}), "rw-register");
  CHECK(kinds(stale) == "G-single-process");
  CHECK(stale.ruled_out.front() == "strong-session-snapshot-isolation");
}

TEST_CASE("rw-register: a declared order of keys is taken for a fact") {
  std::vector<Told> all{{"wx1 wy2", ok, 0}, {"wx2 wy1", ok, 1}, {"rx2", ok, 0}, {"ry2", ok, 1}};
  CHECK(declared(one_by_one(all), "sequential-keys").ruled_out.front() == "read-uncommitted");
  CHECK(judged(one_by_one(all), "rw-register").ruled_out.front() == "strong-session-snapshot-isolation");
}

TEST_CASE("rw-register: what is wrong without a cycle") {
  CHECK(found({{"wx2", fail}, {"rx2"}, {"wy1"}}) == "G1a");
  CHECK(found({{"wx1 wx2"}, {"rx1"}}) == "G1b");
  CHECK(found({{"wx1"}, {"rx9"}}) == "garbage-read");
  CHECK(found({{"wx1"}, {"wx2 rx1"}}) == "internal");
  CHECK(found({{"rx1 wx1"}}) == "future-read");
  CHECK(found({{"wx0"}, {"rx0 wx1"}, {"rx0 wx2"}}) == "lost-update G2-item");
  CHECK(found({{"rx2 wx1"}, {"rx1 wx2"}}) == "cyclic-versions G1c");
  CHECK(found({{"wx1"}, {"wx1"}, {"rx1"}}) == "duplicate-writes");
}
