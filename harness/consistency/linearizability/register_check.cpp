#include "harness/consistency/linearizability/register_check.hpp"

#include "harness/consistency/linearizability/declared.hpp"
#include "harness/consistency/linearizability/register_object.hpp"
#include "harness/consistency/linearizability/value_numbers.hpp"

#include <fmt/format.h>
#include <optional>

namespace holdfast::consistency::linearizability {

namespace {

/// What the operations of a history mean to a register.
class Reading {
public:
  Reading(History& history, Keys keys, const RegisterOperations& has)
      : history_(history), keys_(keys), has_(has), read_(history.values, "read"), write_(history.values, "write"),
        cas_(history.values, "cas") {}

  /// What an operation shows or does; nothing when neither.
  [[nodiscard]] std::optional<RegisterCall> call(OperationId id) const {
    const auto& one = history_.operations[id];
    const auto& values = history_.values;
    const auto invoked = without_key(history_, keys_, one.invoked);
    const bool is_failed = one.outcome == Outcome::fail;
    if (read_.is(one.f))
      return one.outcome == Outcome::ok
                 ? std::optional(RegisterCall{Action::read, id, without_key(history_, keys_, one.completed), {}})
                 : std::nullopt;
    if (write_.is(one.f))
      return is_failed ? std::nullopt : std::optional(RegisterCall{Action::write, id, invoked, {}});
    const auto pair = values.elements(invoked);
    // A swap of unknown outcome counts as one too: it is optional, and changes the register only where it could.
    if (!is_failed)
      return RegisterCall{Action::swap, id, pair[0], pair[1]};
    return has_.mismatch ? std::optional(RegisterCall{Action::mismatch, id, pair[0], {}}) : std::nullopt;
  }

  /// Why it is no operation of a register; empty when it is one.
  [[nodiscard]] std::string complaint(const Operation& one) const {
    const auto& values = history_.values;
    if (read_.is(one.f) || write_.is(one.f))
      return {};
    if (!has_.cas || !cas_.is(one.f))
      return fmt::format("line {}: {} is no operation of a register, which has read{} write{}", one.invoke_line,
                         values.show(one.f), has_.cas ? "," : " and", has_.cas ? " and cas" : "");
    const auto pair = without_key(history_, keys_, one.invoked);
    if (!pair.is_list() || values.elements(pair).size() != 2)
      return fmt::format("line {}: the value of a cas is to be [old new], not {}", one.invoke_line,
                         show_briefly(values, pair));
    return {};
  }

private:
  const History& history_;
  Keys keys_;
  RegisterOperations has_;
  Name read_, write_, cas_;
};

void count(Evidence& evidence, const RegisterCall& call, Outcome outcome) {
  if (call.action != Action::write && outcome != Outcome::info)
    ++evidence.reads;
  if (call.action == Action::write || call.action == Action::swap)
    ++evidence.writes;
}

/// Without the writes of unknown outcome whose value nobody observes: `reduce` would drop them (its rule 1), but of
/// tens of thousands of them even the memory that they take until then is felt.
std::vector<RegisterCall> observable_calls(const History& history, std::span<const OperationId> part,
                                           const Reading& reading, Evidence& evidence) {
  ValueNumbers observed(history.values);
  bool all_are_observed = false;
  for (const auto id : part)
    if (const auto call = reading.call(id)) {
      count(evidence, *call, history.operations[id].outcome);
      all_are_observed = all_are_observed || call->action == Action::mismatch;
      if (call->action != Action::write)
        observed.number(call->value);
    }
  std::vector<RegisterCall> calls;
  for (const auto id : part)
    if (const auto call = reading.call(id))
      if (call->action != Action::write || history.operations[id].outcome == Outcome::ok || all_are_observed ||
          observed.knows(call->value))
        calls.push_back(*call);
  return calls;
}

} // namespace

Result check_register(History& history, const Question& question, Budget& budget, RegisterOperations has) {
  Result result;
  Options options;
  result.reason = read_options(question, options);
  if (const auto declared = question.declarations.find("failed-cas");
      declared != question.declarations.end() && result.reason.empty()) {
    has.mismatch = declared->second == "mismatch";
    if (!has.mismatch)
      result.reason = fmt::format("failed-cas is to be mismatch, not \"{}\"", declared->second);
  }
  const auto initial = declared_initial(history, question, Value{});
  const auto keys = find_keys(history);
  const Reading reading(history, keys, has);
  for (const auto& one : history.operations)
    if (result.reason.empty())
      result.reason = reading.complaint(one);
  if (!result.reason.empty())
    return result;
  return judge(
      history, partition(history, keys), options,
      [&](std::span<const OperationId> part) {
        Evidence evidence;
        const auto calls = observable_calls(history, part, reading, evidence);
        auto problem = register_problem(history, calls, initial, "the register");
        problem.evidence = evidence;
        return problem;
      },
      budget);
}

} // namespace holdfast::consistency::linearizability
