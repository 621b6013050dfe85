// Durability: what reads lack although it was acknowledged or seen before they began.
//
// Reads are complete views of a collection, records are added once and stay until they are removed. So a record is
// known from the moment that its add is acknowledged or that a read which shows it ends, and every read that begins
// after that must show it, up to a removal. For one record this is exactly linearizability of a set that starts
// without it (Herlihy and Wing, "Linearizability", 1990, section 3: by locality, records are judged one by one).
//
// Near linear: reads are sorted, each record has its sightings in the same order, and looking for the first and the
// last read that lacks it passes over reads that show it, and over reads concurrent with the moment in question.
#pragma once

#include "harness/consistency/sightings.hpp"

namespace holdfast::consistency {

/// One record in one collection that reads lack, or show when they must not.
struct Absence {
  RecordId record = 0;
  std::uint32_t collection = 0;
  ReadId seen = none;        ///< the read that showed it and ended first
  ReadId missing = none;     ///< the first that must show it and does not
  ReadId flickered = none;   ///< the first of them that began after `seen` had ended
  ReadId last = none;        ///< the last of them, when no later one shows it: the record is lost
  ReadId resurrected = none; ///< shows it although it was removed before it began
  ReadId gone = none;        ///< of a resurrected one whose removal nobody acknowledged: the read that showed its end
};

struct Durability {
  std::vector<Absence> absences;    ///< by record
  std::vector<RecordId> never_read; ///< acknowledged, and never removed, and no read that judges absence began after
  std::size_t judged = 0;           ///< acknowledged records that some read could have lacked
};

/// Of lanes by session the same for what each session must see: its own acknowledgements and its own sightings.
[[nodiscard]] Durability find_absences(const Sightings& sightings, const Lanes& lanes, const Holders& holders);

} // namespace holdfast::consistency
