// Drops and narrows, before a search, the calls of unknown outcome that cannot matter.
#pragma once

#include "harness/consistency/linearizability/object.hpp"

#include <vector>

namespace holdfast::consistency::linearizability {

/// Calls that can be linearized exactly when those given can. In the order given.
///
/// Why it is sound. Take a linearization with the fewest calls that are not required ("optional"), and in it an
/// optional call w. Taking w out must make it impossible, or there were a smaller one; so w is no pure call, and some
/// call after w, before everything that w left behind is overwritten, gets a result that it would not get without w:
/// it observes one of the cells that w leaves. Call those that can do so the observers of w. Therefore
///   1. an optional call that has no observers can be dropped, and this again for those that only it observed;
///   2. w can be given the latest deadline of its observers;
///   3. in a register, which has one cell, the observer is the very next call (a call in between would either
///      observe or overwrite w's cell), so w may wait until then: it need not start before the first start of its
///      observers;
///   4. when w alone leaves a cell that does not hold initially, every required call that observes this cell comes
///      after w: w is required, with the earliest deadline of those.
/// All four speak of one and the same linearization, so they can be applied together and in any order.
///
/// Where it stops being sound: a call that tells states apart without naming a cell, as a failed compare-and-set does
/// ("it was anything but 3"), observes *every* write. `Traits::observes_all` says so: it counts as an observer in 1, 2
/// and 3 and, naming no cell, never in 4. Dropping a timed-out write of 5 that nobody reads would otherwise turn the
/// valid "write 3, write 5 times out, cas 3 to 4 fails" into a violation.
std::vector<Call> reduce(const Object& object, const std::vector<Call>& calls);

} // namespace holdfast::consistency::linearizability
