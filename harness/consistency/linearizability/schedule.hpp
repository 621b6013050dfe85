// The starts and deadlines of calls in order, and a slot for each call: a small number that is its own while it is
// open.
//
// Between two events every call is before its start, open, or past its deadline, and past calls are decided: so the
// calls linearized so far are told by the place in this order and by which of the open ones are among them. That is
// Lowe's (place in the history, set of linearized calls) with the set as small as the concurrency, however long the
// history.
#pragma once

#include "harness/consistency/linearizability/object.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace holdfast::consistency::linearizability {

using CallIndex = std::uint32_t;
using Slot = std::uint32_t;

struct Event {
  CallIndex call = 0;
  bool is_start = false;
};

struct Schedule {
  std::vector<Event> events;
  std::vector<Slot> slots; ///< by call
  Slot width = 0;          ///< how many there are

  explicit Schedule(std::span<const Call> calls);
};

} // namespace holdfast::consistency::linearizability
