// Guarantees to sessions in histories of registers (Terry et al., "Session guarantees for weakly consistent replicated
// data", PDIS 1994, section 3), where a session is a process, and its operations are the steps of its acknowledged
// transactions; who saw what a transaction of unknown outcome wrote has seen what its session had met before that.
//
// A read of a register shows one version and nothing of the order of the others. So a guarantee is broken when no order
// of a key's versions, nil first, keeps it: each demands that of pairs of versions the first be not the later one, and
// they can all be met exactly when these demands form no cycle. A read shows the write whose value it returns; whether
// it had seen those that this one overwrote cannot be told, and nothing is concluded from it.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/isolation/transactions.hpp"
#include "harness/consistency/result.hpp"

#include <span>
#include <string>
#include <string_view>

namespace holdfast::consistency::isolation {

/// Adds what breaks these guarantees (anomalies are called as they are; several that no one order keeps, though one
/// does for each of them, are "PRAM"): one case for all versions whose demands lead to one another. Near linear in the
/// steps, times the sessions of which a transaction sees something.
/// Returns why nothing more can be excluded; empty when it can.
[[nodiscard]] std::string find_register_breaches(const Transactions& transactions, const Writes& writes,
                                                 std::span<const std::string_view> guarantees, Result& result,
                                                 Budget& budget);

} // namespace holdfast::consistency::isolation
