// Acknowledged records in per-user lists: what purchases and transactions have in common.
#pragma once

#include "harness/checks/ledger.hpp"

namespace holdfast::checks {

/// What was counted while losses were looked for: `conclude` tells from it whether a pass has enough evidence.
struct Losses {
  std::size_t unread = 0;   ///< acknowledged records that were never read back
  std::size_t doubtful = 0; ///< reads that failed while the machine was starved: nothing follows from them
};

/// Adds `unreachable` for users whose list was out of reach, and unreachable, lost or destroyed for single records of
/// this operation's role; stale for those that showed later than `visible_within`.
Losses find_losses(verdict::CheckResult& result, const Ledger& ledger, const consistency::Lanes& lanes,
                   const consistency::Holders& holders, const CheckpointReads& reads, scenario::Role role,
                   const RecordWords& words, history::Time visible_within);

/// The last moment before a read at which its list was seen, or, where that is later, at which a record that it shows
/// did not exist yet: what that read shows otherwise was not so then. 0: nothing is known.
[[nodiscard]] std::uint64_t known_good(const Ledger& ledger, const consistency::Lanes& lanes, consistency::ReadId read,
                                       const Operation* origin);

/// Adds duplicated, phantom and crossed for what lists hold. Returns those that are altered. A record is called by the
/// word for what made it.
std::vector<consistency::Intruder> find_intruders(verdict::CheckResult& result, const Ledger& ledger,
                                                  const consistency::Lanes& lanes, const RecordWords& words);

} // namespace holdfast::checks
