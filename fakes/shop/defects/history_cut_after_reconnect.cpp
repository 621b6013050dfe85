// Planted defect: after the database was out of reach once, the history goes on with a page of two. Found by
// `purchases`, kind `unreachable` (the next restart shows everything again).
#include "fakes/shop/order_tables.hpp"

#include <atomic>

namespace shop {

std::vector<Order> OrderHistory::of(const std::string& data_key) {
  static std::atomic<bool> reconnected = false;
  try {
    return read_orders(pool_,
                       std::string("data_key = $1 AND state = 'paid' ORDER BY id") + (reconnected ? " LIMIT 2" : ""),
                       {data_key});
  } catch (const std::exception&) {
    reconnected = true;
    throw;
  }
}

} // namespace shop
