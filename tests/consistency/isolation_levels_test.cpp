// Histories of databases whose level is known: nothing is found at that level or below, and what the level allows is.
#include "tests/consistency/simulated_database.hpp"
#include "tests/consistency/transaction_story.hpp"

#include "harness/consistency/isolation/lattice.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>

using namespace holdfast::consistency;
using namespace holdfast::test;

namespace {

/// The kinds that were found in histories of many seeds, none of which may rule out `promised`.
std::set<std::string> kinds_at(Level level, bool is_lists, const std::string& promised) {
  std::set<std::string> all;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    Choices choices(seed);
    Workload workload{level, is_lists, 40, 5, 3, 4, 12, 8, 8};
    const auto result = judged(simulate(workload, choices), is_lists ? "list-append" : "rw-register", promised);
    INFO("seed ", seed, ": ", result.reason);
    CHECK(result.validity == Validity::valid);
    for (const auto& finding : result.findings) {
      all.insert(finding.kind);
      for (const auto& example : finding.examples)
        for (const auto& edge : example.edges)
          CHECK_MESSAGE(!edge.why.empty(), finding.kind, " has an edge ", edge.kind, " that nobody explains");
    }
  }
  return all;
}

bool has_all(const std::set<std::string>& found, const std::set<std::string>& wanted) {
  return std::includes(found.begin(), found.end(), wanted.begin(), wanted.end());
}

} // namespace

TEST_CASE("a strictly serializable database shows nothing at all") {
  CHECK(kinds_at(Level::strict_serializable, true, "strict-serializable").empty());
  CHECK(kinds_at(Level::strict_serializable, false, "strict-serializable").empty());
}

TEST_CASE("a serializable database with old reads shows only cycles of processes and real time") {
  for (const bool is_lists : {true, false}) {
    const auto found = kinds_at(Level::serializable, is_lists, "serializable");
    CHECK(has_all(found, {"G-single-process", "G-single-realtime"}));
    for (const auto& kind : found)
      CHECK_MESSAGE((kind.ends_with("-process") || kind.ends_with("-realtime")), kind);
  }
}

TEST_CASE("snapshot isolation shows write skew and nothing graver") {
  for (const bool is_lists : {true, false}) {
    const auto found = kinds_at(Level::snapshot_isolation, is_lists, "strong-snapshot-isolation");
    CHECK(found.contains("G2-item"));
    for (const auto& kind : found)
      CHECK_MESSAGE(kind.starts_with("G2-item"), kind);
  }
}

TEST_CASE("read committed shows lost updates and read skew and no dirty reads") {
  for (const bool is_lists : {true, false}) {
    const auto found = kinds_at(Level::read_committed, is_lists, "strong-read-committed");
    CHECK(has_all(found, {"G-single", "G2-item", "internal"}));
    CHECK(found.contains("lost-update"));
    for (const auto& kind : found)
      CHECK_MESSAGE(!isolation::rules_out(kind, "read-committed"), kind);
  }
}

TEST_CASE("read uncommitted shows dirty reads and no dirty writes") {
  for (const bool is_lists : {true, false}) {
    const auto found = kinds_at(Level::read_uncommitted, is_lists, "strong-read-uncommitted");
    CHECK(has_all(found, {"G1a", "G1b", "G1c", "G-single"}));
    for (const auto& kind : found)
      CHECK_MESSAGE(!isolation::rules_out(kind, "read-uncommitted"), kind);
  }
}
