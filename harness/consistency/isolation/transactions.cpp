#include "harness/consistency/isolation/transactions.hpp"

#include <fmt/format.h>

namespace holdfast::consistency::isolation {

namespace {

bool is_simple(Value value) {
  return !value.is_list() && !value.is_map();
}

std::string place(const Operation& operation) {
  const auto line = operation.complete_line != 0 ? operation.complete_line : operation.invoke_line;
  if (line != 0)
    return fmt::format("line {}: ", line);
  return fmt::format("the operation invoked as event {}: ", operation.invocation);
}

/// Reads a name without comparing letters more than once for each way in which it is written.
class Name {
public:
  explicit Name(std::string_view letters) : letters_(letters) {}
  bool matches(const Values& values, Value value) {
    if (known_ && value == last_)
      return true;
    if (!values.is_name(value, letters_))
      return false;
    last_ = value;
    known_ = true;
    return true;
  }

private:
  std::string_view letters_;
  Value last_;
  bool known_ = false;
};

} // namespace

std::string read_transactions(const History& history, const Grammar& grammar, Transactions& into) {
  const auto& values = history.values;
  into.history = &history;
  into.first.reserve(history.operations.size() + 1);
  FlatIndex numbers;
  Name read("r");
  Name write(grammar.write);
  for (const auto& operation : history.operations) {
    into.first.push_back(static_cast<std::uint32_t>(into.steps.size()));
    const bool is_ok = operation.outcome == Outcome::ok;
    // Only an acknowledgement tells what was read. What was meant to be written is known from the invocation.
    const auto transaction = is_ok || operation.invoked.is_nil() ? operation.completed : operation.invoked;
    if (!transaction.is_list()) {
      if (!is_ok && transaction.is_nil())
        continue;
      return fmt::format("{}{} is no transaction: a list of steps like [:r :x nil] and [:{} :x 1]", place(operation),
                         values.show(transaction), grammar.write);
    }
    for (const auto step : values.elements(transaction)) {
      const auto parts = values.elements(step);
      const bool has_form = step.is_list() && parts.size() == 3;
      const bool is_write = has_form && write.matches(values, parts[0]);
      if (!is_write && (!has_form || !read.matches(values, parts[0])))
        return fmt::format("{}{} is neither a read [:r key value] nor a write [:{} key value]", place(operation),
                           values.show(step), grammar.write);
      if (!is_simple(parts[1]))
        return fmt::format("{}a key must not be a list or a map: {}", place(operation), values.show(step));
      if (is_write && (!is_simple(parts[2]) || parts[2].is_nil()))
        return fmt::format("{}what is written must not be nil, a list or a map: {}", place(operation),
                           values.show(step));
      if (!is_write && is_ok && !(parts[2].is_nil() || parts[2].is_list() == grammar.reads_lists))
        return fmt::format("{}{} is not what this model reads: {}", place(operation), values.show(parts[2]),
                           grammar.reads_lists ? "a list or nil" : "the value of a register");
      const auto key = numbers.insert(0, parts[1].bits(), static_cast<std::uint32_t>(into.keys.size()));
      if (key == into.keys.size())
        into.keys.push_back(parts[1]);
      into.steps.push_back({parts[2], key, is_write});
      if (!is_write)
        into.reads += is_ok ? 1 : 0;
      else
        into.writes += operation.outcome == Outcome::fail ? 0 : 1;
    }
  }
  into.first.push_back(static_cast<std::uint32_t>(into.steps.size()));
  return {};
}

/// A value that was written again after all earlier attempts certainly failed has one writer; by two that may have
/// succeeded it is doubled.
Writes::Writes(const Transactions& transactions) {
  std::size_t count = 0;
  for (const auto& step : transactions.steps)
    count += step.is_write ? 1 : 0;
  all_.reserve(count);
  index_ = FlatIndex(count);
  for (OperationId id = 0; id < transactions.count(); ++id) {
    const bool failed = transactions.outcome(id) == Outcome::fail;
    const auto steps = transactions.of(id);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!steps[i].is_write)
        continue;
      bool is_final = true;
      for (std::size_t j = i + 1; j < steps.size() && is_final; ++j)
        is_final = !steps[j].is_write || steps[j].key != steps[i].key;
      const auto number = index_.insert(steps[i].key, steps[i].value.bits(), static_cast<std::uint32_t>(all_.size()));
      if (number == all_.size())
        all_.push_back({steps[i].value, steps[i].key, id, id, is_final, false, failed});
      else if (auto& known = all_[number]; known.has_failed && !failed) // tried again after a certain failure
        known = {known.value, known.key, id, id, is_final, false, false};
      else if (!failed) {
        known.is_doubled = true;
        known.also_by = id;
      }
    }
  }
}

} // namespace holdfast::consistency::isolation
