// A history as the engines judge it, whoever recorded it: what clients meant to do, when, and what came of it.
#pragma once

#include "harness/consistency/values.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace holdfast::consistency {

enum class Outcome : std::uint8_t {
  ok,   ///< it took effect, between its invocation and its completion
  fail, ///< it certainly had no effect
  info  ///< unknown: it may take effect at any time after its invocation, or never
};

/// The place of an event in the order of all events, 0 first. Real time is this order and nothing else: one operation
/// precedes another when its completion comes before the other's invocation.
using Position = std::uint32_t;
constexpr Position never = std::numeric_limits<Position>::max();

/// One operation. Its completion is `never` exactly when its outcome is `info`, whether somebody wrote that down or the
/// history ended before.
struct Operation {
  Value f;         ///< what: read, write, txn, transfer …; a keyword or a text
  Value key;       ///< of a history whose events have a `:key` of their own; nil otherwise
  Value invoked;   ///< the invocation's value
  Value completed; ///< the completion's value; of `info` whatever was said with it; nil otherwise
  std::int64_t process = 0;
  std::int64_t invoke_time = 0; ///< nanoseconds, for people to read; 0: not recorded
  std::int64_t complete_time = 0;
  Position invocation = 0;
  Position completion = never;
  std::uint32_t invoke_line = 0;   ///< in its file, 1 first; 0: not from one
  std::uint32_t complete_line = 0; ///< 0: no completion was written down
  Outcome outcome = Outcome::info;
};

/// Nemesis operations are not among them.
struct History {
  Values values;
  std::vector<Operation> operations; ///< by invocation
  Position events = 0;               ///< how many positions there are
};

/// By its place in `History::operations`.
using OperationId = std::uint32_t;

} // namespace holdfast::consistency
