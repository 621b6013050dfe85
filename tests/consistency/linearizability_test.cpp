// The linearizable models against trying every order: verdicts, counterexamples, and what a small change does.
#include "tests/consistency/histories.hpp"
#include "tests/consistency/random_histories.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast::consistency;
namespace test = holdfast::test;
using test::histories;

namespace {

using Calls = std::vector<test::Call>;

std::string tell(const test::Subject& subject, const Calls& calls) {
  return fmt::format("{}: {} expected{}\n{}", subject.model,
                     test::is_linearizable(subject, calls) ? "valid" : "invalid", test::show(subject, calls),
                     test::check(subject, calls).reason);
}

bool is_invalid(const Result& result) {
  return result.validity == Validity::invalid;
}

/// The order is one that real time allows and that the rules allow.
bool works(const test::Subject& subject, const Calls& calls, const std::vector<OperationId>& order) {
  auto state = subject.initial;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto next = subject.step(state, calls[order[i]]);
    if (!next || std::any_of(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i),
                             [&](OperationId before) { return calls[order[i]].completion < calls[before].invocation; }))
      return false;
    state = *next;
  }
  return true;
}

/// What is left when the acknowledgements of all others are forgotten.
Calls with_only(const Calls& calls, const std::vector<OperationId>& kept) {
  auto weaker = calls;
  for (OperationId i = 0; i < weaker.size(); ++i)
    if (std::find(kept.begin(), kept.end(), i) == kept.end()) {
      weaker[i].outcome = weaker[i].outcome == Outcome::fail ? Outcome::fail : Outcome::info;
      weaker[i].completion = std::numeric_limits<int>::max();
      if (weaker[i].outcome == Outcome::fail)
        weaker[i].argument = "nothing like it"; // it fails whatever there is
    }
  return weaker;
}

/// Of an invalid one: its prefix works, the operations that it names suffice, and none of them can be spared.
bool is_sound(const test::Subject& subject, const Calls& calls, const Result& result) {
  if (!works(subject, calls, result.prefix) || result.stuck.size() != 1 || result.findings.size() != 1 ||
      result.findings.front().kind != "nonlinearizable")
    return false;
  const auto stuck = result.stuck.front();
  for (OperationId i = 0; i < calls.size() && subject.model != "multi-register"; ++i) // it judges groups of them apart
    if (calls[i].key == calls[stuck].key && calls[i].outcome == Outcome::ok &&
        calls[i].completion < calls[stuck].completion &&
        std::find(result.prefix.begin(), result.prefix.end(), i) == result.prefix.end())
      return false;
  // A transaction keeps the results of its reads when its acknowledgement is forgotten; trying every order here does
  // not.
  for (const auto& example : result.findings.front().examples) {
    if (subject.model == "multi-register")
      break;
    if (test::is_linearizable(subject, with_only(calls, example.operations)))
      return false;
    for (const auto spared : example.operations) {
      auto fewer = example.operations;
      std::erase(fewer, spared);
      if (!test::is_linearizable(subject, with_only(calls, fewer)))
        return false;
    }
  }
  return true;
}

} // namespace

TEST_CASE("each linearizable model agrees with trying every order on 100,000 histories") {
  for (const auto& subject : test::all_subjects()) {
    int valid = 0;
    test::for_tapes(
        histories,
        [&](const test::Tape& tape) {
          const auto calls = test::make_calls(subject, tape);
          const bool expected = test::is_linearizable(subject, calls);
          valid += expected ? 1 : 0;
          return is_invalid(test::check(subject, calls, {{"counterexample", "no"}})) != expected;
        },
        [&](const test::Tape& tape) { return tell(subject, test::make_calls(subject, tape)); });
    INFO(subject.model, ": ", valid, " valid");
    CHECK(valid > histories / 4);
    CHECK(valid < histories * 3 / 4);
  }
}

TEST_CASE("a counterexample's prefix works, its operations suffice, and none of them can be spared") {
  for (const auto& subject : test::all_subjects())
    test::for_tapes(
        histories / 20,
        [&](const test::Tape& tape) {
          const auto calls = test::make_calls(subject, tape);
          const auto result = test::check(subject, calls);
          return !is_invalid(result) || is_sound(subject, calls, result);
        },
        [&](const test::Tape& tape) { return tell(subject, test::make_calls(subject, tape)); });
}

TEST_CASE("the direct method and the search say the same of registers with unique values") {
  const auto subject = test::unique_register_subject();
  test::for_tapes(
      histories / 4,
      [&](const test::Tape& tape) {
        const auto calls = test::make_calls(subject, tape);
        const auto direct = test::check(subject, calls, {{"method", "direct"}});
        const auto search = test::check(subject, calls, {{"method", "search"}});
        return direct.validity == search.validity && direct.stuck == search.stuck;
      },
      [&](const test::Tape& tape) { return tell(subject, test::make_calls(subject, tape)); });
}

TEST_CASE("an acknowledged operation deleted, doubled, altered or moved is found whenever it can be seen") {
  for (const auto& subject : test::all_subjects()) {
    int seen = 0;
    int unseen = 0;
    test::for_tapes(
        histories / 10,
        [&](const test::Tape& tape) {
          auto calls = test::make_calls(subject, tape);
          if (calls.empty() || !test::is_linearizable(subject, calls))
            return true;
          auto& chosen = calls[tape.front() % calls.size()];
          if (chosen.outcome != Outcome::ok)
            return true;
          switch (tape.back() % 4) {
          case 0: // the answer was given, and nothing done
            chosen.outcome = Outcome::fail;
            break;
          case 1: // done again when all is over
            calls.push_back(chosen);
            calls.back().invocation = 1000;
            calls.back().completion = 1001;
            break;
          case 2:
            subject.lie(chosen, tape[1] % 3);
            break;
          default: // it was over before it was asked for
            for (auto& call : calls)
              if (&call != &chosen) {
                call.invocation += 2;
                call.completion += call.completion < 1000 ? 2 : 0;
              }
            chosen.invocation = 0;
            chosen.completion = 1;
            std::swap(chosen, calls.front());
            std::sort(calls.begin(), calls.end(),
                      [](const auto& a, const auto& b) { return a.invocation < b.invocation; });
          }
          const bool still_valid = test::is_linearizable(subject, calls);
          ++(still_valid ? unseen : seen);
          return is_invalid(test::check(subject, calls, {{"counterexample", "no"}})) != still_valid;
        },
        [&](const test::Tape& tape) { return tell(subject, test::make_calls(subject, tape)); });
    INFO(subject.model, ": ", seen, " seen, ", unseen, " unseen");
    CHECK(seen > histories / 500);
    CHECK(unseen > histories / 500);
  }
}
