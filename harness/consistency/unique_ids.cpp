// `unique-ids`: `generate` hands out an id; no two acknowledged ones are equal.
#include "harness/consistency/evidence.hpp"
#include "harness/consistency/line.hpp"
#include "harness/consistency/models.hpp"
#include "harness/consistency/numbering.hpp"

#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

Result check(History& history, const Question&, Budget& budget) {
  Result result;
  const auto& values = history.values;
  Numbering ids(values);
  std::vector<OperationId> first; // that handed out each id
  std::vector<bool> is_said;
  for (OperationId id = 0; id < history.operations.size(); ++id) {
    const auto& operation = history.operations[id];
    if (!values.is_name(operation.f, "generate")) {
      result.reason = fmt::format("a generator of ids knows generate, not {}{}", values.show(operation.f),
                                  at_line(operation.invoke_line));
      return result;
    }
    if (operation.outcome != Outcome::ok)
      continue;
    if (operation.completed.is_nil()) {
      result.reason = "an acknowledged generate has no id" + at_line(operation.complete_line);
      return result;
    }
    if (budget.exhausted()) {
      result.reason = budget.reason();
      return result;
    }
    ++result.examined;
    const auto number = ids.number(operation.completed, operation.key);
    if (number == first.size()) {
      first.push_back(id);
      is_said.push_back(false);
    } else if (!is_said[number]) {
      is_said[number] = true; // one case an id, however often it was handed out
      result.add("duplicated",
                 {fmt::format("{} was handed out twice", values.show(operation.completed)), {first[number], id}, {}});
    }
  }
  // One id alone is compared with nothing.
  const std::size_t compared = result.examined > 1 ? result.examined : 0;
  conclude(result, history, {.reads = result.examined, .writes = result.examined}, !result.findings.empty());
  if (result.validity == Validity::valid)
    result.reason = fmt::format("{} ids, all different", result.examined);
  if (result.validity == Validity::valid && compared == 0) {
    result.validity = Validity::unknown;
    result.reason = "one id was handed out: there is none that it could be equal to";
  }
  return result;
}

} // namespace

Model unique_ids_model() {
  return {.name = "unique-ids", .about = "generate ids: duplicated", .levels = {}, .declarations = {}, .check = check};
}

} // namespace holdfast::consistency
