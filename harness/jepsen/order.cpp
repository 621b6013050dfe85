// Decides whether events must be sorted, and sorts them: by index where there is one, otherwise by time. Times may be
// too coarse to order everything, so ties are resolved in favour of the system under test: as overlapping.
#include "harness/jepsen/order.hpp"

#include "harness/jepsen/malformed.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <unordered_map>
#include <utility>

namespace holdfast::jepsen {

namespace {

void by_index(std::vector<Event>& events) {
  for (const auto& event : events)
    if (event.index == Event::absent)
      throw Malformed{event.line, 0, "an operation without an index in a history whose operations have one"};
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.index < b.index; });
  const auto same = std::adjacent_find(events.begin(), events.end(),
                                       [](const Event& a, const Event& b) { return a.index == b.index; });
  if (same != events.end())
    throw Malformed{same[1].line, 0,
                    fmt::format("the index {} occurs twice: line {} has it too", same->index, same->line)};
}

/// Where events of the same time stand among each other: invocations early and completions late, both as far as their
/// own process allows, so that nothing is said to precede what it may have overlapped.
std::vector<std::uint32_t> ranks_of_ties(const std::vector<Event>& events) {
  constexpr auto last = std::numeric_limits<std::uint32_t>::max();
  struct Tied {
    std::int64_t time = Event::absent;
    std::uint32_t completions = 0; ///< of this process at this time, so far
    std::size_t completion = 0;    ///< the last of them
  };
  std::unordered_map<std::int64_t, Tied> processes;
  std::vector<std::uint32_t> ranks(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto& tied = processes[events[i].process];
    if (tied.time != events[i].time)
      tied = {events[i].time, 0, 0};
    if (events[i].type != Event::Type::invoke) {
      ranks[i] = last; // unless the process goes on at the same time
      tied.completion = i;
      ++tied.completions;
    } else {
      ranks[i] = tied.completions * 2;
      if (tied.completions != 0)
        ranks[tied.completion] = ranks[i] - 1;
    }
  }
  return ranks;
}

/// Sorts places and then copies: ranks belong to places, so the events cannot be moved while they are compared.
void by_time(std::vector<Event>& events) {
  const auto ranks = ranks_of_ties(events);
  std::vector<std::size_t> order(events.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return events[a].time != events[b].time ? events[a].time < events[b].time : ranks[a] < ranks[b];
  });
  std::vector<Event> sorted;
  sorted.reserve(events.size());
  for (const auto place : order)
    sorted.push_back(events[place]);
  events = std::move(sorted);
}

/// In the order of the file a process's own time must not run backwards: sorting would hide it.
void check_own_times(const std::vector<Event>& events) {
  std::unordered_map<std::int64_t, const Event*> last;
  for (const auto& event : events) {
    auto& previous = last[event.process];
    if (previous != nullptr && event.time < previous->time)
      throw Malformed{event.line, 0,
                      fmt::format("time runs backwards: process {} is at {} here and was at {} on line {}",
                                  std::max<std::int64_t>(event.process, 0), event.time, previous->time,
                                  previous->line)};
    previous = &event;
  }
}

} // namespace

bool OrderWatch::in_order(const Event& event) {
  if (event.is_nemesis && event.index == Event::absent)
    return true; // it is left out, whatever its time
  const auto index = std::exchange(index_, event.index);
  const auto time = std::exchange(time_, event.time);
  const bool was_completion = std::exchange(was_completion_, event.type != Event::Type::invoke);
  if (std::exchange(is_first_, false))
    return true;
  // An index before or here means that the history is sorted by it; one without is for `by_index` to refuse.
  if (event.index != Event::absent || index != Event::absent)
    return index != Event::absent && event.index > index;
  if (event.time == Event::absent || time == Event::absent)
    return event.time == time;
  // An invocation after a completion of the same time may have to come before it: `ranks_of_ties` sees to that.
  return event.time > time || (event.time == time && !(was_completion && event.type == Event::Type::invoke));
}

void put_in_order(std::vector<Event>& events) {
  if (std::any_of(events.begin(), events.end(), [](const Event& event) { return event.index != Event::absent; }))
    return by_index(events);
  std::erase_if(events, [](const Event& event) { return event.is_nemesis; });
  if (events.empty() ||
      std::any_of(events.begin(), events.end(), [](const Event& event) { return event.time == Event::absent; }) ||
      std::all_of(events.begin(), events.end(), [&](const Event& event) { return event.time == events[0].time; }))
    return;
  check_own_times(events);
  by_time(events);
}

} // namespace holdfast::jepsen
