// Exactly-once: what reads show although it should not be there, or not so. One pass over what reads show.
#pragma once

#include "harness/consistency/sightings.hpp"

namespace holdfast::consistency {

enum class Intrusion {
  phantom,    ///< nobody submitted it before the read ended, or it certainly failed
  duplicated, ///< more often in one read than it may be
  altered,    ///< not as it was submitted
  crossed     ///< in a collection that it does not belong in
};

/// One case of a record, a collection and a kind: the first read that shows it.
struct Intruder {
  Intrusion kind;
  RecordId record;
  ReadId read;
  std::uint32_t count; ///< how often that read shows it
};

/// In the order of the reads, then of what they show.
[[nodiscard]] std::vector<Intruder> find_intruders(const Sightings& sightings);

enum class ListOrder { oldest_first, newest_first };

/// Two records that a list shows against real time: `earlier` was acknowledged before `later` was submitted, and is
/// listed as the younger one. Concurrent ones may be in any order.
struct Inversion {
  RecordId earlier;
  RecordId later;
  ReadId read;
};

/// At most one a collection, of its first read that has one. Walking a list from its young end with the earliest
/// acknowledgement seen so far, every inversion has a witness: one pass.
[[nodiscard]] std::vector<Inversion> find_inversions(const Sightings& sightings, ListOrder order);

} // namespace holdfast::consistency
