// Planted defect: a history that cannot be read is shown as empty. Found by `purchases`, kind `flickering`, while the
// query fails.
#include "fakes/shop/order_tables.hpp"

#include <iostream>

namespace shop {

std::vector<Order> OrderHistory::of(const std::string& data_key) {
  try {
    return read_orders(pool_, "data_key = $1 AND state = 'paid' ORDER BY id", {data_key});
  } catch (const std::exception& error) {
    std::cerr << "history: " << error.what() << std::endl;
    return {};
  }
}

} // namespace shop
