// `counter`: starts at 0, `add` changes it by a number, `read` returns it. A read is `lost` when it is below what the
// acknowledged adds make it, and a `phantom` when it is above what anybody may have added. (Of negative adds, which
// Jepsen's checker refuses, it is the other way round.)
#include "harness/consistency/bounds.hpp"
#include "harness/consistency/evidence.hpp"
#include "harness/consistency/line.hpp"
#include "harness/consistency/models.hpp"
#include "harness/consistency/numbering.hpp"

#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

constexpr std::size_t witness_limit = 8;
constexpr std::size_t explained = 8; ///< cases with their witnesses; the rest is counted

Result check(History& history, const Question&, Budget& budget) {
  Result result;
  const auto& values = history.values;
  Numbering keys(values);
  std::vector<std::vector<Addition>> additions;
  std::vector<OperationId> reads;
  Evidence evidence;
  for (OperationId id = 0; id < history.operations.size(); ++id) {
    const auto& operation = history.operations[id];
    const bool is_add = values.is_name(operation.f, "add");
    const auto key = keys.number(operation.key);
    additions.resize(keys.size());
    if (!is_add && !values.is_name(operation.f, "read")) {
      result.reason = fmt::format("a counter knows add and read, not {}{}", values.show(operation.f),
                                  at_line(operation.invoke_line));
      return result;
    }
    // An add counts unless it certainly failed, a read only if it was acknowledged.
    if (is_add ? operation.outcome == Outcome::fail : operation.outcome != Outcome::ok)
      continue;
    const auto value = is_add ? operation.invoked : operation.completed;
    if (!value.is_integer()) {
      result.reason =
          fmt::format("{} must have an integer, not {}{}", is_add ? "an add to a counter" : "a read of one",
                      values.show(value), at_line(is_add ? operation.invoke_line : operation.complete_line));
      return result;
    }
    ++(is_add ? evidence.writes : evidence.reads);
    if (is_add)
      additions[key].push_back({value.integer(), operation.invocation, operation.completion, id});
    else
      reads.push_back(id);
  }
  std::vector<Bounds> bounds;
  for (auto& of_key : additions)
    bounds.emplace_back(std::move(of_key), 0);
  std::size_t cases = 0;
  for (const auto id : reads) {
    const auto& read = history.operations[id];
    const auto& of_key = bounds[keys.number(read.key)];
    const auto [lower, upper] = of_key.at(read.invocation, read.completion);
    const auto value = read.completed.integer();
    if (budget.exhausted() || (value >= lower && value <= upper))
      continue;
    const bool is_low = value < lower;
    const std::string kind = is_low ? "lost" : "phantom";
    if (++cases > explained && result.count(kind))
      continue;
    auto operations = of_key.witnesses(read.invocation, read.completion, value, witness_limit);
    operations.push_back(id);
    result.add(kind, {is_low ? fmt::format("{} was read, and acknowledged adds make it at least {}", value, lower)
                             : fmt::format("{} was read, and all adds that may have happened make it at most {}", value,
                                           upper),
                      std::move(operations),
                      {}});
  }
  result.examined = reads.size();
  if (!result.findings.empty())
    result.ruled_out = {"linearizable"};
  conclude(result, history, evidence, !result.findings.empty());
  if (budget.exhausted() && result.validity == Validity::valid) {
    result.validity = Validity::unknown;
    result.reason = budget.reason();
  }
  return result;
}

} // namespace

Model counter_model() {
  return {.name = "counter",
          .about = "add to a number and read it: lost, phantom",
          .levels = {},
          .declarations = {},
          .check = check};
}

} // namespace holdfast::consistency
