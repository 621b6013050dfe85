// A lock that one holder at a time has: acquire, release. One for each key where the history has keys.
//
// Who releases is not looked at, as in Knossos' mutex: a lock service that hands a lock over by a token is one too.
#include "harness/consistency/linearizability/judge.hpp"
#include "harness/consistency/models.hpp"

#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

using namespace linearizability;

enum : State { is_free = 0, is_held = 1 };
enum : Kind { acquire = 0, release = 1 };

Problem mutex_problem(const History& history, std::span<const OperationId> part) {
  Problem problem;
  auto& object = problem.object;
  object.initial = is_free;
  object.kinds.resize(2);
  // Acquiring is possible only when the lock is free, so two holders at a time leave no order that works.
  object.step = [](State state, Kind kind) -> std::optional<State> {
    if (kind == acquire)
      return state == is_free ? std::optional<State>(is_held) : std::nullopt;
    return state == is_held ? std::optional<State>(is_free) : std::nullopt;
  };
  object.describe = [](State state) { return state == is_held ? "the lock is held" : "the lock is free"; };
  for (const auto id : part) {
    const auto& one = history.operations[id];
    if (one.outcome == Outcome::fail)
      continue;
    problem.calls.push_back({id, history.values.is_name(one.f, "acquire") ? acquire : release,
                             one.outcome == Outcome::ok, moment(one.invocation), moment(one.completion)});
    ++problem.evidence.writes;
    if (one.outcome == Outcome::ok)
      ++problem.evidence.reads; // it was free, or held
  }
  return problem;
}

Result check(History& history, const Question& question, Budget& budget) {
  Result result;
  Options options;
  result.reason = read_options(question, options);
  for (const auto& one : history.operations)
    if (result.reason.empty() && !history.values.is_name(one.f, "acquire") && !history.values.is_name(one.f, "release"))
      result.reason = fmt::format("line {}: {} is no operation of a mutex, which has acquire and release",
                                  one.invoke_line, history.values.show(one.f));
  if (!result.reason.empty())
    return result;
  return judge(
      history, partition(history, find_keys(history)), options,
      [&](std::span<const OperationId> part) { return mutex_problem(history, part); }, budget);
}

} // namespace

Model mutex_model() {
  return {"mutex",
          "a lock is linearizable: acquire, release; per key where events have a :key",
          {"linearizable"},
          linearizability::option_declarations(),
          check};
}

} // namespace holdfast::consistency
