// The definition of serializability, tried out: is there an order in which every transaction would have seen what it
// saw?
#pragma once

#include "harness/consistency/history.hpp"

namespace holdfast::test {

enum class Order { any, real_time };

/// Of at most 32 operations, and fast only of few. Acknowledged transactions all have a place in the order, those of
/// unknown outcome may have one, failed ones have none.
[[nodiscard]] bool has_serial_order(const consistency::History& history, bool is_lists, Order order);

} // namespace holdfast::test
