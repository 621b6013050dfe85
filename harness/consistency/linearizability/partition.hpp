// Splits a history by key. Each key is an object of its own, judged alone: see `object.hpp`.
#pragma once

#include "harness/consistency/history.hpp"

#include <string>
#include <vector>

namespace holdfast::consistency::linearizability {

/// How operations name their keys.
enum class Keys {
  none,   ///< there is one object
  events, ///< each event has a `:key`
  tuples  ///< each value is [key value], as Jepsen's independent has it
};

struct Partition {
  Keys keys = Keys::none;
  std::vector<Value> names;                    ///< of the parts; nil when there are no keys
  std::vector<std::vector<OperationId>> parts; ///< each by invocation
};

/// `tuples` only when every operation's value is one, [key [old new]] for a compare-and-set: a list of two that a
/// register without keys holds is not taken for a tuple, because its reads are invoked with nil.
Keys find_keys(const History& history);
Partition partition(const History& history, Keys keys);

/// An operation's value without its key.
Value without_key(const History& history, Keys keys, Value value);

/// "read of 3 at line 12 by process 4"
std::string describe(const History& history, Keys keys, OperationId operation);
/// A value, shortened in the middle when it is long.
std::string show_briefly(const Values& values, Value value);
std::string shorten(std::string text);

} // namespace holdfast::consistency::linearizability
