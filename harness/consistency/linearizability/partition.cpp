#include "harness/consistency/linearizability/partition.hpp"

#include "harness/consistency/linearizability/value_numbers.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency::linearizability {

namespace {

/// Whether an operation's value is [key value]. An acknowledged one must repeat the key in its answer; a
/// compare-and-set must have a pair as its value, or its own [old new] would be taken for [key value].
bool is_tuple(const History& history, const Operation& one) {
  const auto invoked = history.values.elements(one.invoked);
  if (!one.invoked.is_list() || invoked.size() != 2)
    return false;
  if (history.values.is_name(one.f, "cas") &&
      !(invoked[1].is_list() && history.values.elements(invoked[1]).size() == 2))
    return false;
  if (one.outcome != Outcome::ok)
    return true;
  const auto completed = history.values.elements(one.completed);
  return one.completed.is_list() && completed.size() == 2 && history.values.equal(completed[0], invoked[0]);
}

Value key_of(const History& history, Keys keys, const Operation& one) {
  switch (keys) {
  case Keys::events:
    return one.key;
  case Keys::tuples:
    return history.values.elements(one.invoked)[0];
  case Keys::none:
    break;
  }
  return {};
}

} // namespace

Keys find_keys(const History& history) {
  const auto& all = history.operations;
  if (all.empty())
    return Keys::none;
  if (std::any_of(all.begin(), all.end(), [](const auto& one) { return !one.key.is_nil(); }))
    return Keys::events;
  return std::all_of(all.begin(), all.end(), [&](const auto& one) { return is_tuple(history, one); }) ? Keys::tuples
                                                                                                      : Keys::none;
}

Partition partition(const History& history, Keys keys) {
  Partition partition;
  partition.keys = keys;
  ValueNumbers numbers(history.values);
  for (OperationId id = 0; id < history.operations.size(); ++id) {
    const auto key = key_of(history, keys, history.operations[id]);
    const auto part = numbers.number(key);
    if (part == partition.parts.size()) {
      partition.parts.emplace_back();
      partition.names.push_back(key);
    }
    partition.parts[part].push_back(id);
  }
  return partition;
}

Value without_key(const History& history, Keys keys, Value value) {
  if (keys != Keys::tuples || !value.is_list())
    return value;
  const auto elements = history.values.elements(value);
  return elements.size() == 2 ? elements[1] : Value{};
}

std::string shorten(std::string text) {
  constexpr std::size_t longest = 72;
  if (text.size() > longest)
    text.replace(longest / 2, text.size() - longest, "…");
  return text;
}

std::string show_briefly(const Values& values, Value value) {
  return shorten(values.show(value));
}

/// What an acknowledged operation returned says more than what it asked; a read that returned nil says so.
std::string describe(const History& history, Keys keys, OperationId operation) {
  const auto& one = history.operations[operation];
  const auto& values = history.values;
  const auto* const said = one.outcome == Outcome::ok && !one.completed.is_nil() ? &one.completed : &one.invoked;
  const auto value = without_key(history, keys, *said);
  auto text = one.f.kind() == Value::Kind::keyword || one.f.kind() == Value::Kind::text
                  ? std::string(values.view(one.f))
                  : values.show(one.f);
  if (!value.is_nil() || values.is_name(one.f, "read") || values.is_name(one.f, "get"))
    text += fmt::format(" of {}", show_briefly(values, value));
  if (one.invoke_line != 0)
    text += fmt::format(" at line {}", one.invoke_line);
  return text + fmt::format(" by process {}", one.process);
}

} // namespace holdfast::consistency::linearizability
