#include "harness/consistency/linearizability/schedule.hpp"

#include <algorithm>

namespace holdfast::consistency::linearizability {

namespace {

/// What comes first of those that fall on one moment: calls that touch overlap, and an optional call whose deadline is
/// that of its observer can still come before it.
enum class Rank : std::uint8_t { start, required_deadline, optional_deadline };

/// All in one number, to be sorted: moments are of 33 bits, as positions are of 32.
constexpr int call_bits = 29;
constexpr std::uint64_t timed(Moment moment, Rank rank, CallIndex call) {
  return (moment << 2 | static_cast<std::uint64_t>(rank)) << call_bits | call;
}

} // namespace

Schedule::Schedule(std::span<const Call> calls) : slots(calls.size()) {
  std::vector<std::uint64_t> all;
  all.reserve(2 * calls.size());
  for (CallIndex i = 0; i < calls.size(); ++i) {
    const auto& call = calls[i];
    all.push_back(timed(call.start, Rank::start, i));
    if (call.deadline != no_moment)
      all.push_back(timed(call.deadline, call.is_required ? Rank::required_deadline : Rank::optional_deadline, i));
  }
  std::sort(all.begin(), all.end());
  events.reserve(all.size());
  std::vector<Slot> free;
  for (const auto one : all) {
    const auto call = static_cast<CallIndex>(one & ((std::uint64_t{1} << call_bits) - 1));
    const bool is_start = (one >> call_bits & 3) == static_cast<std::uint64_t>(Rank::start);
    events.push_back({call, is_start});
    auto& slot = slots[call];
    if (!is_start) {
      free.push_back(slot);
    } else if (free.empty()) {
      // Slots are used again: there are as many as calls were ever open at once.
      slot = width++;
    } else {
      slot = free.back();
      free.pop_back();
    }
  }
}

} // namespace holdfast::consistency::linearizability
