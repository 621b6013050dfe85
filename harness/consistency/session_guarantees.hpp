// Session guarantees: what one session may rely on whatever copy of the data serves it (Terry et al., "Session
// guarantees for weakly consistent replicated data", 1994, section 3), over records that are added once.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/durability.hpp"

#include <string_view>

namespace holdfast::consistency {

enum class Guarantee {
  read_your_writes,    ///< what a session was acknowledged is in every read of it that begins later
  monotonic_reads,     ///< what a session saw is in every read of it that begins later
  monotonic_writes,    ///< who sees a write sees what the same session was acknowledged before it began that write
  writes_follow_reads, ///< who sees a write sees what its session had seen before it began that write
};

/// "read-your-writes" …
[[nodiscard]] std::string_view to_string(Guarantee guarantee);

/// One record that a read lacks against a guarantee; at most one case a record and session, of the two guarantees of
/// writes at most one a read.
struct Breach {
  RecordId record = 0;
  ReadId read = 0;
  ReadId seen = none;    ///< the earlier read of the session that showed it; of monotonic reads, writes follow reads
  RecordId later = none; ///< the write that the read does show; of the two guarantees of writes
};

/// `lanes` are by collection and session. Records that may have been removed are left out. Near linear; writes follow
/// reads: in the sizes of the reads and of what they lack of that which had been seen before the youngest write they
/// show. Stops early when the budget is exhausted.
[[nodiscard]] std::vector<Breach> find_breaches(const Sightings& sightings, const Lanes& lanes, const Holders& holders,
                                                Guarantee guarantee, Budget& budget);

} // namespace holdfast::consistency
