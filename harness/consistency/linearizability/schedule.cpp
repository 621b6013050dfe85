#include "harness/consistency/linearizability/schedule.hpp"

#include <algorithm>

namespace holdfast::consistency::linearizability {

namespace {

/// What comes first of those that fall on one moment: calls that touch overlap, and an optional call whose deadline is
/// that of its observer can still come before it.
enum class Rank : std::uint8_t { start, required_deadline, optional_deadline };

struct Timed {
  Moment moment;
  Rank rank;
  CallIndex call;
};

} // namespace

Schedule::Schedule(std::span<const Call> calls) : slots(calls.size()) {
  std::vector<Timed> timed;
  timed.reserve(2 * calls.size());
  for (CallIndex i = 0; i < calls.size(); ++i) {
    timed.push_back({calls[i].start, Rank::start, i});
    if (calls[i].deadline != no_moment)
      timed.push_back({calls[i].deadline, calls[i].is_required ? Rank::required_deadline : Rank::optional_deadline, i});
  }
  std::stable_sort(timed.begin(), timed.end(), [](const Timed& a, const Timed& b) {
    return a.moment != b.moment ? a.moment < b.moment : a.rank < b.rank;
  });
  events.reserve(timed.size());
  std::vector<Slot> free;
  for (const auto& [moment, rank, call] : timed) {
    events.push_back({call, rank == Rank::start});
    auto& slot = slots[call];
    if (rank != Rank::start) {
      free.push_back(slot);
    } else if (free.empty()) {
      slot = width++;
    } else {
      slot = free.back();
      free.pop_back();
    }
  }
}

} // namespace holdfast::consistency::linearizability
