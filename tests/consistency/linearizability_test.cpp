// The linearizable models against trying every order.
#include "tests/consistency/random_histories.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast::consistency;
namespace test = holdfast::test;

namespace {

constexpr int histories = 100'000;

bool agrees(const Result& result, bool is_linearizable) {
  return (result.validity == Validity::invalid) != is_linearizable;
}

} // namespace

TEST_CASE("each linearizable model agrees with trying every order on 100,000 histories") {
  for (const auto& subject : test::all_subjects()) {
    CAPTURE(subject.model);
    int valid = 0;
    test::for_tapes(
        histories,
        [&](const test::Tape& tape) {
          const auto calls = test::make_calls(subject, tape);
          const bool expected = test::is_linearizable(subject, calls);
          valid += expected ? 1 : 0;
          return agrees(test::check(subject, calls), expected);
        },
        [&](const test::Tape& tape) {
          const auto calls = test::make_calls(subject, tape);
          return fmt::format("{} expected{}\n{}", test::is_linearizable(subject, calls) ? "valid" : "invalid",
                             test::show(subject, calls), test::check(subject, calls).reason);
        });
    CHECK(valid > histories / 4);
    CHECK(valid < histories * 3 / 4);
    MESSAGE(subject.model, ": ", valid, " valid");
  }
}
