// The lattice of consistency models for transactions: which anomalies each rules out, and which models each contains.
//
// After Adya, "Weak Consistency" (1999), chapters 3 and 4; Adya, Liskov & O'Neil, "Generalized Isolation Level
// Definitions" (ICDE 2000); Bailis et al., "Highly Available Transactions" (VLDB 2013); Cerone, Bernardi & Gotsman, "A
// Framework for Transactional Consistency Models with Atomic Visibility" (CONCUR 2015); Cerone & Gotsman, "Analysing
// Snapshot Isolation" (PODC 2016); Daudjee & Salem, "Lazy Database Replication with Snapshot Isolation" (VLDB 2006);
// Kingsbury & Alvaro, "Elle" (VLDB 2020), whose names of anomalies these are; Terry et al., "Session guarantees for
// weakly consistent replicated data" (PDIS 1994). Snapshot isolation is the generalized one: snapshots may be old, only
// the strong variants ask for fresh ones.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::consistency::isolation {

enum class Promises { to_transactions, to_sessions_too };

/// Every name by which a level may be asked for, canonical names weakest first, then aliases.
[[nodiscard]] std::vector<std::string> level_names(Promises promises);
/// The same with a model's own level first.
[[nodiscard]] std::vector<std::string> level_names(std::string_view own, Promises promises);

/// The session guarantees that a level is made of, which are anomalies' names as well; none of a level of transactions.
[[nodiscard]] std::vector<std::string_view> guarantees_of(std::string_view level);

/// The canonical name of a level, whatever the case of its letters; empty when there is none of that name.
[[nodiscard]] std::string canonical_level(std::string_view name);

/// Whether a history with that anomaly cannot satisfy the level (a canonical name).
[[nodiscard]] bool rules_out(std::string_view anomaly, std::string_view level);

/// All models that a history with these anomalies does not satisfy, weakest first.
[[nodiscard]] std::vector<std::string> ruled_out_by(const std::vector<std::string>& anomalies);

/// All that are known, in the order of their ranks.
[[nodiscard]] std::span<const std::string_view> anomalies();

/// Orders anomalies for a reader: the gravest first; one that nobody knows comes last.
[[nodiscard]] std::size_t rank(std::string_view anomaly);

} // namespace holdfast::consistency::isolation
