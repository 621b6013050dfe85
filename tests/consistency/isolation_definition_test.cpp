// The fast checkers against the definition: is there a serial order?
#include "tests/consistency/histories.hpp"
#include "tests/consistency/isolation_trial.hpp"
#include "tests/consistency/transaction_story.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>

using namespace holdfast::consistency;
using namespace holdfast::test;

namespace {

bool is_ruled_out(const Result& result, const std::string& level) {
  return std::find(result.ruled_out.begin(), result.ruled_out.end(), level) != result.ruled_out.end();
}

/// What must never be: an order that was called impossible.
std::string false_alarm(const Trial& trial, const Result& result) {
  if ((result.validity == Validity::invalid) != is_ruled_out(result, "strict-serializable"))
    return "the verdict is not that of the level";
  if (trial.has_order_in_time && is_ruled_out(result, "strict-serializable"))
    return "called not strict-serializable, but there is an order in real time: " + result.reason;
  if (trial.has_order && is_ruled_out(result, "serializable"))
    return "called not serializable, but there is an order: " + result.reason;
  return {};
}

/// Of what is called valid.
std::string missed(const Trial& trial, const Result& result) {
  if (result.validity != Validity::valid)
    return {};
  return trial.has_order_in_time ? "" : "called strict-serializable, but there is no order in real time";
}

void check_balance(const Tally& tally) {
  CHECK_MESSAGE(tally.failure.empty(), tally.failure);
  CHECK(tally.valid > histories / 6);
  CHECK(tally.invalid > histories / 6);
}

} // namespace

TEST_CASE("list-append: invalid exactly when no serial order exists") {
  std::map<std::string, unsigned> visible;
  const auto tally = try_many(histories, Family::lists, [&](Trial& trial) -> std::string {
    const auto result = judge(trial.history, "list-append");
    if (trial.was_valid && !trial.mutation.empty() && !trial.has_order_in_time) {
      ++visible[trial.mutation];
      if (result.validity == Validity::valid)
        return "a visible mutation did not flip the verdict";
    }
    if (auto why = false_alarm(trial, result); !why.empty())
      return why;
    if (result.validity == Validity::valid && !trial.has_order)
      return "called valid, but there is no order";
    if (!trial.has_order && result.validity == Validity::invalid && !is_ruled_out(result, "serializable") &&
        kinds(result).find("duplicate") == std::string::npos)
      return "there is no order, but only real time was found to be broken: " + kinds(result);
    return missed(trial, result);
  });
  check_balance(tally);
  for (const auto* mutation : {"deleted", "doubled", "altered", "reordered"})
    CHECK_MESSAGE(visible[mutation] > histories / 1000, mutation, " ", visible[mutation]);
}

TEST_CASE("rw-register: never invalid when a serial order exists, and nearly always when none does") {
  unsigned caught = 0;
  unsigned unseen = 0;
  std::map<std::string, unsigned> visible, flipped;
  const auto tally = try_many(histories, Family::registers, [&](Trial& trial) -> std::string {
    const auto result = judge(trial.history, "rw-register");
    if (trial.was_valid && !trial.mutation.empty() && !trial.has_order_in_time) {
      ++visible[trial.mutation];
      flipped[trial.mutation] += result.validity == Validity::invalid ? 1 : 0;
    }
    ++(missed(trial, result).empty() ? caught : unseen);
    caught -= trial.has_order_in_time ? 1 : 0;
    return false_alarm(trial, result);
  });
  check_balance(tally);
  // Where no order of versions can be inferred there is nothing to find. To search for a serial order is NP-complete
  // (Papadimitriou, "The serializability of concurrent database updates", 1979).
  MESSAGE(caught, " caught, ", unseen, " not");
  CHECK(unseen * 50 < caught);
  for (const auto* mutation : {"deleted", "doubled", "altered", "reordered"}) {
    INFO(std::string(mutation), ": ", flipped[mutation], " verdicts of ", visible[mutation]);
    CHECK(visible[mutation] > 0); // a doubled write of a register mostly changes nothing
    CHECK((visible[mutation] - flipped[mutation]) * 50 < visible[mutation]);
  }
}

TEST_CASE("long-fork: invalid exactly when no serial order exists") {
  const auto tally = try_many(histories, Family::long_fork, [](Trial& trial) -> std::string {
    const auto result = judge(trial.history, "long-fork", "strict-serializable");
    if (auto why = false_alarm(trial, result); !why.empty())
      return why;
    if (result.validity == Validity::invalid && !trial.has_order && !is_ruled_out(result, "serializable"))
      return "there is no order, but only real time was found to be broken";
    return missed(trial, result);
  });
  check_balance(tally);
}
