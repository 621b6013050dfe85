// The order of a history's events, where it is not that of the file.
#pragma once

#include "harness/jepsen/event.hpp"

#include <vector>

namespace holdfast::jepsen {

/// Tells, event by event, whether the order of the file is the order of the history.
class OrderWatch {
public:
  [[nodiscard]] bool in_order(const Event& event);

private:
  std::int64_t index_ = Event::absent, time_ = Event::absent; ///< of the event before
  bool was_completion_ = false;
  bool is_first_ = true;
};

/// By `:index`, or without one by `:time`, ties with invocations first but never against a process's own order; as they
/// are where not all have a time, or all the same. Throws Malformed for an index that occurs twice, or not everywhere.
void put_in_order(std::vector<Event>& events);

} // namespace holdfast::jepsen
