// Keys and values: get, put, append. Each key is judged alone; a key is the event's `:key`, or the first of a value
// [key value].
//
// What is appended to is text; an integer is its digits. Nothing there is the empty text: services answer a get of it
// with either.
#include "harness/consistency/linearizability/declared.hpp"
#include "harness/consistency/linearizability/register_object.hpp"
#include "harness/consistency/linearizability/text_object.hpp"
#include "harness/consistency/linearizability/value_numbers.hpp"
#include "harness/consistency/models.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

using namespace linearizability;

/// The operations of one history as calls.
class Reading {
public:
  Reading(History& history, Keys keys, Value initial)
      : history_(history), keys_(keys), nothing_(history.values.text("")), initial_(text(initial)),
        get_(history.values, "get"), read_(history.values, "read"), put_(history.values, "put"),
        write_(history.values, "write"), append_(history.values, "append") {}

  [[nodiscard]] bool is_get(const Operation& one) const { return get_.is(one.f) || read_.is(one.f); }
  [[nodiscard]] bool is_put(const Operation& one) const { return put_.is(one.f) || write_.is(one.f); }
  [[nodiscard]] bool is_append(const Operation& one) const { return append_.is(one.f); }

  Problem problem(std::span<const OperationId> part) {
    const auto& all = history_.operations;
    std::vector<OperationId> counted;
    Evidence evidence;
    bool appends = false;
    for (const auto id : part) {
      const auto& one = all[id];
      if (one.outcome == Outcome::fail || (is_get(one) && one.outcome != Outcome::ok))
        continue;
      counted.push_back(id);
      ++(is_get(one) ? evidence.reads : evidence.writes);
      appends = appends || is_append(one);
    }
    // Without appends a key is a register, for which there is a direct method; texts are always searched.
    auto problem = appends ? text(counted) : puts(counted);
    problem.evidence = evidence;
    return problem;
  }

private:
  /// A value as text.
  Value text(Value value) {
    if (value.is_nil())
      return nothing_;
    return value.kind() == Value::Kind::text ? value : history_.values.text(history_.values.show(value));
  }
  [[nodiscard]] Value value_of(OperationId id) {
    const auto& one = history_.operations[id];
    return text(without_key(history_, keys_, is_get(one) ? one.completed : one.invoked));
  }

  Problem text(std::span<const OperationId> part) {
    std::vector<TextCall> calls;
    calls.reserve(part.size());
    for (const auto id : part) {
      const auto& one = history_.operations[id];
      calls.push_back({is_get(one)   ? TextAction::get
                       : is_put(one) ? TextAction::put
                                     : TextAction::append,
                       id, history_.values.view(value_of(id))});
    }
    return text_problem(history_, calls, history_.values.view(initial_));
  }

  Problem puts(std::span<const OperationId> part) {
    std::vector<RegisterCall> calls;
    calls.reserve(part.size());
    for (const auto id : part)
      calls.push_back({is_get(history_.operations[id]) ? Action::read : Action::write, id, value_of(id), {}});
    return register_problem(history_, calls, initial_, "the value");
  }

  History& history_;
  Keys keys_;
  Value nothing_;
  Value initial_;
  Name get_, read_, put_, write_, append_;
};

Result check(History& history, const Question& question, Budget& budget) {
  Result result;
  Options options;
  result.reason = read_options(question, options);
  const auto keys = find_keys(history);
  Reading reading(history, keys, declared_initial(history, question, Value{}));
  for (const auto& one : history.operations)
    if (result.reason.empty() && !reading.is_get(one) && !reading.is_put(one) && !reading.is_append(one))
      result.reason = fmt::format("line {}: {} is no operation of kv, which has get, put and append", one.invoke_line,
                                  history.values.show(one.f));
  if (!result.reason.empty())
    return result;
  return judge(
      history, partition(history, keys), options,
      [&](std::span<const OperationId> part) { return reading.problem(part); }, budget);
}

} // namespace

Model kv_model() {
  auto declarations = linearizability::option_declarations();
  declarations.insert(declarations.begin(), "initial: the value of a key before the first put; \"\" by default");
  return {"kv",
          "keys and values are linearizable: get, put, append; each key alone, from the event's :key or [key value]",
          {"linearizable"},
          std::move(declarations),
          check};
}

} // namespace holdfast::consistency
