#include "tests/consistency/transaction_story.hpp"

#include <doctest/doctest.h>

using namespace holdfast::consistency;
using namespace holdfast::test;

namespace {

std::string found(const std::vector<Told>& all) {
  return kinds(judged(at_once(all), "list-append"));
}

Validity validity(const std::vector<Told>& all, const std::string& level) {
  return judged(at_once(all), "list-append", level).validity;
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

TEST_CASE("list-append: anti-dependencies in a row are allowed by snapshot isolation, alternating ones are not") {
  CHECK(validity({{"rx[5] ay1"}, {"ry_ az2"}, {"rz_ at3"}, {"rt[3] au4"}, {"ru_ ax5"}}, "snapshot-isolation") ==
        Validity::valid);
  CHECK(validity({{"ax1"}, {"ay1"}, {"rx[1] ry_"}, {"rx_ ry[1]"}}, "snapshot-isolation") == Validity::invalid);
}

TEST_CASE("list-append: a stale read breaks the order of its process, or of real time") {
  const auto of_process = judged(one_by_one({{"ax1", ok, 1}, {"rx_", ok, 1}}), "list-append");
  CHECK(kinds(of_process) == "G-single-process");
  CHECK(of_process.ruled_out.front() == "strong-session-snapshot-isolation");
  const std::vector<Told> with_failure{{"ax1", ok, 1}, {"ay1", fail, 1}, {"rx_", ok, 1}};
  CHECK(kinds(judged(one_by_one(with_failure), "list-append")) == "G-single-process");
  const auto of_time = judged(one_by_one({{"ax1"}, {"rx_"}}), "list-append");
  CHECK(kinds(of_time) == "G-single-realtime");
  CHECK(of_time.ruled_out.front() == "strong-snapshot-isolation");
  CHECK(judged(one_by_one({{"ax1"}, {"rx_"}}), "list-append", "serializable").validity == Validity::valid);
}

TEST_CASE("list-append: a counterexample names the transactions and the value of each edge") {
  const auto result = judged(at_once({{"ax3 ay1"}, {"rx[3] ry_"}}), "list-append", "snapshot-isolation");
  REQUIRE(result.validity == Validity::invalid);
  const auto& cycle = result.findings.front().examples.front();
  REQUIRE(cycle.edges.size() == 2);
  CHECK(cycle.edges[0].kind == "rw");
  CHECK(cycle.edges[0].why ==
        "T1 (line 4) read :y as nil, without the 1 that T0 (line 3) appended (which no read saw)");
  CHECK(cycle.edges[1].kind == "wr");
  CHECK(cycle.edges[1].why == "T0 (line 3) appended 3 to :x, which T1 (line 4) read as [3]");
  CHECK(cycle.edges[1].to == cycle.edges[0].from);
  CHECK(result.reason == cycle.what);
}

TEST_CASE("list-append: what is wrong without a cycle") {
  CHECK(found({{"ax1", fail}, {"rx[1]"}, {"ay1"}}) == "G1a");
  CHECK(found({{"ax1", fail}, {"ax2"}, {"rx[1,2]"}}) == "G1a dirty-update");
  CHECK(found({{"ax1 ax2"}, {"rx[1]"}}) == "G1b G-single");
  CHECK(found({{"ax1"}, {"ax2"}, {"rx[1,2]"}, {"rx[2]"}}) == "incompatible-order");
  CHECK(found({{"ax1"}, {"rx[1,1]"}}) == "duplicate-elements");
  CHECK(found({{"ax1"}, {"rx[1,7]"}}) == "garbage-read");
  CHECK(found({{"ax1 rx_"}}) == "internal");
  CHECK(found({{"ax1"}, {"rx[1] ax2 rx[1]"}}) == "internal");
  CHECK(found({{"rx[1] ax1"}}) == "future-read");
  CHECK(found({{"ax0"}, {"rx[0] ax1"}, {"rx[0] ax2"}}) == "lost-update G2-item");
  CHECK(found({{"ax1"}, {"rx[1] ax2 rx[1,2]"}, {"ax3 rx[1,2,3]"}}).empty());
}

TEST_CASE("list-append: a value appended twice is reported, and who wrote it is not guessed") {
  const auto result = judged(at_once({{"ax1"}, {"ax1 ay2"}, {"rx[1] ry[2]"}}), "list-append");
  CHECK(kinds(result) == "duplicate-appends");
  CHECK(result.validity == Validity::unknown);
  CHECK(result.reason.starts_with("1 was appended to :x by T0 (line 4) and by T1 (line 5)"));
  // What is wrong apart from that still counts.
  CHECK(validity({{"ax1"}, {"ax1"}, {"ry_ az1"}, {"rz_ ay1"}}, "serializable") == Validity::invalid);
  // A certain failure tried again is no duplicate.
  CHECK(found({{"ax1", fail}, {"ax1"}, {"rx[1]"}}).empty());
}

TEST_CASE("list-append: a transaction of unknown outcome happened as far as it was seen") {
  CHECK(found({{"ax1", info}, {"rx_"}, {"rx[1]"}}).empty());
  CHECK(found({{"ax1", info}, {"ay1"}, {"rx_ ry[1]"}}).empty());
  CHECK(found({{"ax1 ay1", info}, {"rx[1] ry_"}}) == "G-single");
  // What it read is not known, whatever was written down.
  CHECK(found({{"ax2 ry_", info}, {"ax1 ay1"}, {"rx[1,2] ry[1]"}}).empty());
  // Its append to y may have been undone after x was read: no G0, but then that read was dirty.
  const std::vector<Told> undone{{"ax1 ay1", info}, {"ax3 ay3"}, {"rx[1,3] ry[3]"}};
  CHECK(found(undone) == "G1c G-single");
  CHECK(validity(undone, "read-uncommitted") == Validity::valid);
}

TEST_CASE("list-append: what lies beyond the level is listed and does not fail") {
  const auto result = judged(at_once({{"rx_ ay1"}, {"ry_ ax1"}}), "list-append", "snapshot-isolation");
  CHECK(result.validity == Validity::valid);
  CHECK(kinds(result) == "G2-item");
  CHECK(result.findings.front().is_allowed);
  CHECK(result.ruled_out == std::vector<std::string>{"repeatable-read", "serializable", "strong-session-serializable",
                                                     "strict-serializable"});
}

TEST_CASE("list-append: levels have aliases, and an unknown one is no verdict") {
  CHECK(validity({{"rx_ ay1"}, {"ry_ ax1"}}, "PL-2.99") == Validity::invalid);
  CHECK(validity({{"rx_ ay1"}, {"ry_ ax1"}}, "pl-si") == Validity::valid);
  CHECK(validity({{"rx_ ay1"}, {"ry_ ax1"}}, "strong-serializable") == Validity::invalid);
  const auto result = judged(at_once({{"ax1"}, {"rx[1]"}}), "list-append", "quite-consistent");
  CHECK(result.validity == Validity::unknown);
  CHECK(result.reason.starts_with("there is no consistency level \"quite-consistent\": read-your-writes, "));
}

TEST_CASE("list-append: no evidence, no verdict") {
  const auto reason = [](const std::vector<Told>& all) {
    const auto result = judged(at_once(all), "list-append");
    CHECK(result.validity == Validity::unknown);
    return result.reason;
  };
  CHECK(reason({}) == "the history has no operations");
  CHECK(reason({{"rx_"}}) == "nothing was written: what was read shows nothing");
  CHECK(reason({{"ax1"}}) == "nothing was read: what was written could be anywhere");
  CHECK(reason({{"ax1", info}, {"rx_", info}}) ==
        "none of the 2 operations is acknowledged: all failed or have an unknown outcome");
}

TEST_CASE("list-append: what is no transaction on lists is said with its line") {
  const auto reason = [](History history) { return judged(std::move(history), "list-append").reason; };
  CHECK(reason(one_by_one({{"ax1"}, {"wx1"}})) ==
        "line 4: [:w :x 1] is neither a read [:r key value] nor a write [:append key value]");
  CHECK(reason(one_by_one({{"rx5"}})) == "line 2: 5 is not what this model reads: a list or nil");
}
