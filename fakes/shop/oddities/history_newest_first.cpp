// Odd and correct: the newest purchase comes first.
#include "fakes/shop/order_tables.hpp"

namespace shop {

std::vector<Order> OrderHistory::of(const std::string& data_key) {
  return read_orders(pool_, "data_key = $1 AND state = 'paid' ORDER BY id DESC", {data_key});
}

} // namespace shop
