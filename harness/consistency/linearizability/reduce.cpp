#include "harness/consistency/linearizability/reduce.hpp"

#include <algorithm>

namespace holdfast::consistency::linearizability {

namespace {

/// When somebody can first and last observe a cell.
struct Sight {
  Moment first_start = no_moment;
  Moment last_deadline = 0;
  Moment first_required_deadline = no_moment;
  std::uint32_t writers = 0;

  void see(const Call& call) {
    first_start = std::min(first_start, call.start);
    last_deadline = std::max(last_deadline, call.deadline);
    if (call.is_required)
      first_required_deadline = std::min(first_required_deadline, call.deadline);
  }
};

struct Sights {
  std::vector<Sight> cells;
  Sight all; ///< of those that observe without naming a cell

  Sights(const Object& object, const std::vector<Call>& calls) : cells(object.cell_count) {
    for (const auto cell : object.initial_cells)
      ++cells[cell].writers;
    for (const auto& call : calls) {
      for (const auto cell : object.observed(call.kind))
        cells[cell].see(call);
      for (const auto cell : object.left(call.kind))
        ++cells[cell].writers;
      if (object.kinds[call.kind].observes_all)
        all.see(call);
    }
  }
};

/// False when it has no observers; else narrowed to them.
bool narrow(const Object& object, const Sights& sights, Call& call) {
  // Calls that observe without naming a cell may observe this one too.
  Moment first = sights.all.first_start;
  Moment last = sights.all.last_deadline;
  for (const auto cell : object.left(call.kind)) {
    first = std::min(first, sights.cells[cell].first_start);
    last = std::max(last, sights.cells[cell].last_deadline);
  }
  call.deadline = std::min(call.deadline, last);
  if (object.is_register && first != no_moment)
    call.start = std::max(call.start, first);
  if (call.start >= call.deadline)
    return false;
  for (const auto cell : object.left(call.kind)) {
    const auto& sight = sights.cells[cell];
    // Itself may be the one that observes it: then it proves nothing.
    const auto own = object.observed(call.kind);
    if (sight.writers == 1 && sight.first_required_deadline != no_moment &&
        sight.first_required_deadline > call.start + 1 && std::find(own.begin(), own.end(), cell) == own.end()) {
      call.is_required = true;
      call.deadline = std::min(call.deadline, sight.first_required_deadline - 1);
    }
  }
  return true;
}

} // namespace

std::vector<Call> reduce(const Object& object, const std::vector<Call>& calls) {
  std::vector<Call> kept;
  kept.reserve(calls.size());
  // An optional call that changes nothing proves nothing, whatever the object.
  std::copy_if(calls.begin(), calls.end(), std::back_inserter(kept),
               [&](const Call& call) { return call.is_required || !object.kinds[call.kind].is_pure; });
  if (object.cell_count == 0)
    return kept;
  // Each round can only take observers away, and ends when it took none; few histories need more than two.
  for (auto before = kept.size() + 1; kept.size() != before;) {
    before = kept.size();
    const Sights sights(object, kept);
    std::erase_if(kept, [&](Call& call) { return !call.is_required && !narrow(object, sights, call); });
  }
  return kept;
}

} // namespace holdfast::consistency::linearizability
