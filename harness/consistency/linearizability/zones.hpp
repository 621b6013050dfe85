// Registers to which no value is written twice, judged directly: Gibbons & Korach, "Testing shared memories", SIAM
// Journal on Computing 26(4), 1997, section 4.2 (linearizability with a known reads-from mapping).
//
// The calls of one value, its write and its reads, make a cluster. Let f be its earliest deadline and s its latest
// start. When f < s, something of the cluster was over before something of it began: the register must hold the value
// all the time from f to s, which is a forward zone. Otherwise all of them overlap, they can be placed at one moment
// somewhere from s to f, and that is a backward zone. A linearization exists exactly when no read ends before its write
// begins, no two forward zones overlap, and no backward zone lies within a forward one; then the clusters by the left
// ends of their zones are one.
//
// The initial value is written before all else. A write of unknown outcome whose value nobody read is left out: it
// need not have taken effect. One whose value was read did, with no deadline of its own.
#pragma once

#include "harness/consistency/linearizability/search.hpp"

namespace holdfast::consistency::linearizability {

/// Whether the direct method can judge these calls: a register, none that observes and changes it at once or observes
/// no certain value, no value written twice.
bool has_zones(const Object& object, std::span<const Call> calls);

/// O(n log n). Of calls that `has_zones`. The same answer as `search` gives, with one state at most in `states`.
Answer judge_zones(const Object& object, std::span<const Call> calls);

} // namespace holdfast::consistency::linearizability
