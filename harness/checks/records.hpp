// Acknowledged records in per-user lists: what purchases and transactions have in common.
#pragma once

#include "harness/checks/ledger.hpp"

namespace holdfast::checks {

/// Adds `unreachable` for users whose list was out of reach, and unreachable, lost or destroyed for single records.
/// Returns how many of the acknowledged records of this operation's role were never read back.
std::size_t find_losses(verdict::CheckResult& result, const Ledger& ledger, const consistency::Lanes& lanes,
                        const consistency::Holders& holders, const CheckpointReads& reads, scenario::Role role,
                        const RecordWords& words);

/// Adds duplicated, phantom and crossed for what lists hold. Returns those that are altered.
std::vector<consistency::Intruder> find_intruders(verdict::CheckResult& result, const Ledger& ledger,
                                                  const RecordWords& words);

} // namespace holdfast::checks
