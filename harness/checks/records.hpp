// Acknowledged records in per-user lists: what purchases and transactions have in common.
#pragma once

#include "harness/checks/check.hpp"

namespace holdfast::checks {

/// The words that name a kind of record in findings.
struct RecordWords {
  std::string record; ///< "purchase"
  std::string list;   ///< "purchase history"
};

/// Where a user's list stood at every checkpoint after `since`: present when it could be read at all.
[[nodiscard]] std::vector<Sighting> list_sightings(const Facts& facts, scenario::Role list, const std::string& user,
                                                   std::uint64_t since);

/// Sightings of one record: read lists that hold or lack it.
[[nodiscard]] std::vector<Sighting> record_sightings(const Facts& facts, scenario::Role list, const std::string& user,
                                                     const std::string& id, std::uint64_t since);

/// Adds `unreachable` for users whose list was out of reach, and unreachable, lost or destroyed for single records.
/// Returns how many of the acknowledged records were never read back.
std::size_t find_losses(verdict::CheckResult& result, const Facts& facts, scenario::Role list,
                        const std::vector<const Operation*>& acknowledged, const RecordWords& words);

/// Adds duplicated, phantom and crossed for what lists hold. `submitted` is every operation that may have made an
/// entry.
void find_intruders(verdict::CheckResult& result, const Facts& facts, scenario::Role list,
                    const std::unordered_map<std::string, const Operation*>& submitted, const RecordWords& words);

} // namespace holdfast::checks
