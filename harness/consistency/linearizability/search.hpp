// Is there an order of the calls on one object that real time allows and that gives every result?
//
// The search of Wing & Gong ("Testing and verifying concurrent objects", JPDC 17, 1993, section 4) with Lowe's cache of
// configurations ("Testing for linearizability", 2017, section 3). Undecided calls are tried in the order of their
// deadlines, and none after the first deadline that is still open, which is Lowe's just-in-time linearization
// (section 4) done depth first: a history that is linearizable is mostly walked straight through.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/linearizability/object.hpp"
#include "harness/consistency/linearizability/schedule.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::consistency::linearizability {

enum class Verdict {
  linearizable,
  not_linearizable,
  undecided ///< the budget was used up; `Answer::reason` says which
};

struct Answer {
  Verdict verdict = Verdict::undecided;
  std::string reason;
  /// Of one that is not linearizable, the call at whose deadline it first is not: everything up to there is
  /// linearizable, without that deadline.
  std::optional<CallIndex> stuck;
  std::vector<CallIndex> order; ///< of a longest prefix: it works, and holds every call with an earlier deadline
  State state = 0;              ///< after it
  std::uint64_t nodes = 0;      ///< configurations visited
  std::vector<State> states; ///< all in which the object can be once everything with an earlier deadline has happened
};

using Nodes = std::uint64_t; ///< configurations that may be visited
constexpr Nodes unlimited = std::numeric_limits<Nodes>::max();

Answer search(const Object& object, std::span<const Call> calls, Budget& budget, Nodes nodes);

} // namespace holdfast::consistency::linearizability
