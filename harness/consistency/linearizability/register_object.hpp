// One register: read, write, compare-and-set.
#pragma once

#include "harness/consistency/linearizability/judge.hpp"

#include <string>
#include <vector>

namespace holdfast::consistency::linearizability {

enum class Action : std::uint8_t {
  read,     ///< it was `value`
  write,    ///< it is `value` from then on
  swap,     ///< it was `value` and is `next` from then on
  mismatch, ///< it was not `value`
};

struct RegisterCall {
  Action action = Action::read;
  OperationId operation = 0;
  Value value;
  Value next;
};

/// `calls` by invocation, without those that had no effect and showed nothing. `noun`: what is described, "the
/// register". Values that no call can tell from one another are one state.
Problem register_problem(const History& history, std::span<const RegisterCall> calls, Value initial,
                         const std::string& noun);

} // namespace holdfast::consistency::linearizability
