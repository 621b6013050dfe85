// Random histories of a simulated object, small enough for a brute-force checker, and mostly right: what a read returns
// is spoilt with a chance of one half. Shrinks to the fewest operations.
#pragma once

#include "harness/consistency/model.hpp"
#include "tests/consistency/histories.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <rapidcheck.h>

namespace holdfast::consistency::test {

/// Random bits of one operation, taken a few at a time.
class Bits {
public:
  explicit Bits(std::uint64_t bits) : bits_(bits) {}
  std::uint32_t take(std::uint32_t below) {
    const auto taken = bits_ % below;
    bits_ /= below;
    return static_cast<std::uint32_t>(taken);
  }

private:
  std::uint64_t bits_;
};

/// What a history grows from: the bits of each of its operations.
using Script = std::vector<std::uint64_t>;

/// One operation of the simulation. What it means is its object's business.
struct Draft {
  int kind = 0;
  int value = 0;
  Outcome outcome = Outcome::ok;
  Position invocation = 0;
  Position completion = never;
  int process = 0;
  std::vector<int> result;
  bool takes_effect = true;

  [[nodiscard]] bool is_ok() const { return outcome == Outcome::ok; }
  [[nodiscard]] bool is_failed() const { return outcome == Outcome::fail; }
  [[nodiscard]] bool before(const Draft& other) const { return completion < other.invocation; }
};
using Drafts = std::vector<Draft>;

/// What is simulated: `plan` settles kind and value of an operation when it is invoked, `apply` lets it take effect and
/// sets its result (it may turn it into a failure), `spoil` changes the result of an acknowledged one, or says that
/// there is nothing to spoil.
struct Object {
  std::function<void(Draft&, Bits&, const Drafts& before)> plan;
  std::function<void(Draft&)> apply;
  std::function<bool(Draft&, Bits&)> spoil;
};

inline Drafts simulate(const Script& script, const Object& object) {
  Drafts all;
  std::vector<std::size_t> open;
  std::vector<int> free; // processes
  int processes = 0;
  Position position = 0;
  bool is_sound = script.empty() || script.front() % 2 == 0;
  const auto complete = [&](std::size_t which) {
    auto& one = all[open[which]];
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
    if (one.takes_effect && one.result.empty())
      object.apply(one);
    one.takes_effect = false; // has happened
    if (one.outcome == Outcome::info)
      return; // its process is never heard of again
    one.completion = position++;
    free.push_back(one.process);
  };
  for (std::size_t i = 0; i < script.size(); ++i) {
    Bits bits(script[i] / 2);
    while (!open.empty() && bits.take(3) != 0)
      complete(bits.take(static_cast<std::uint32_t>(open.size())));
    Draft one;
    const auto outcome = bits.take(8);
    one.outcome = outcome == 0 ? Outcome::info : outcome == 1 ? Outcome::fail : Outcome::ok;
    one.takes_effect = one.outcome == Outcome::ok || (one.outcome == Outcome::info && bits.take(2) == 0);
    if (free.empty()) {
      one.process = processes++;
    } else {
      one.process = free.back();
      free.pop_back();
    }
    one.invocation = position++;
    object.plan(one, bits, all);
    if (one.takes_effect && bits.take(2) == 0) {
      object.apply(one); // else at its completion
      one.takes_effect = false;
    }
    all.push_back(one);
    open.push_back(all.size() - 1);
  }
  while (!open.empty())
    complete(0);
  if (!is_sound) {
    Bits bits(script.back() / 2 / 1000);
    const auto size = static_cast<std::uint32_t>(all.size());
    const auto last = bits.take(2) == 0 ? size - 1 : bits.take(size); // the last reads tell most
    for (std::uint32_t i = 0; i < size; ++i)
      if (auto& one = all[(last + size - i) % size]; one.is_ok() && object.spoil(one, bits))
        break;
  }
  return all;
}

/// Drafts as a history; `describe` fills in what, and with which values.
inline History to_history(const Drafts& drafts,
                          const std::function<void(const Draft&, Values&, Operation&)>& describe) {
  History history;
  for (const auto& draft : drafts) {
    Operation one;
    describe(draft, history.values, one);
    if (!draft.is_ok())
      one.completed = {};
    one.process = draft.process;
    one.invocation = draft.invocation;
    one.completion = draft.completion;
    one.outcome = draft.outcome;
    one.complete_line = draft.completion == never ? 0 : 1;
    history.operations.push_back(one);
    history.events = std::max(history.events, draft.completion == never ? draft.invocation : draft.completion) + 1;
  }
  return history;
}

inline Result judge(const char* model, History& history, const Question& question = {}) {
  Budget budget{Limits{}};
  return find_model(model)->check(history, question, budget);
}

/// Up to `longest` operations, all bits drawn at once: ten times faster than a generator for each part.
inline rc::Gen<Script> scripts(std::size_t longest) {
  return [=](const rc::Random& random, int) {
    auto source = random;
    Script script(1 + source.next() % longest);
    for (auto& bits : script)
      bits = source.next();
    return rc::shrinkable::shrinkRecur(std::move(script),
                                       [](const Script& whole) { return rc::shrink::removeChunks(whole); });
  };
}

struct Tally {
  int valid = 0;
  int invalid = 0;
  int unknown = 0;
};

/// Runs a model and a brute-force checker of whether a history is violated on 100,000 random histories of up to eight
/// operations, and requires that they agree and that a fifth at least is valid and invalid.
inline void check_against_brute_force(const std::function<Drafts(const Script&)>& make,
                                      const std::function<Result(const Drafts&)>& fast,
                                      const std::function<bool(const Drafts&)>& is_violated,
                                      const std::function<std::string(const Drafts&)>& show) {
  Tally tally;
  const auto arbitrary = scripts(8);
  auto parameters = rc::detail::configuration().testParams;
  parameters.maxSuccess = holdfast::test::histories;
  const auto outcome = rc::detail::checkTestable(
      [&] {
        const auto drafts = make(*arbitrary);
        const auto result = fast(drafts);
        const bool expected = is_violated(drafts);
        ++(result.validity == Validity::valid     ? tally.valid
           : result.validity == Validity::invalid ? tally.invalid
                                                  : tally.unknown);
        if (expected != (result.validity == Validity::invalid))
          RC_FAIL(
              (expected ? "brute force finds a violation, the model none (" : "only the model finds a violation (") +
              result.reason + ")\n" + show(drafts));
      },
      rc::detail::TestMetadata{}, parameters);
  std::ostringstream message;
  rc::detail::printResultMessage(outcome, message);
  INFO(message.str());
  REQUIRE(outcome.is<rc::detail::SuccessResult>());
  INFO(tally.valid, " valid, ", tally.invalid, " invalid, ", tally.unknown, " unknown");
  CHECK(tally.valid >= holdfast::test::histories / 5);
  CHECK(tally.invalid >= holdfast::test::histories / 5);
}

/// What was found, by kind.
using Kinds = std::vector<std::string>;
inline Kinds kinds(const Result& result) {
  Kinds all;
  for (const auto& finding : result.findings)
    all.push_back(finding.kind);
  return all;
}

/// One line an operation, for failures.
inline std::string show(const Drafts& drafts, const std::vector<const char*>& kinds) {
  std::string text;
  for (const auto& one : drafts) {
    text += std::to_string(one.invocation) + ".." +
            (one.completion == never ? std::string("never") : std::to_string(one.completion)) + " process " +
            std::to_string(one.process) + " " + kinds[static_cast<std::size_t>(one.kind)] + " " +
            std::to_string(one.value) +
            (one.is_ok()       ? " ok"
             : one.is_failed() ? " fail"
                               : " info");
    for (const int element : one.result)
      text += " " + std::to_string(element);
    text += "\n";
  }
  return text;
}

} // namespace holdfast::consistency::test
