// Planted defect: an order is written as often as it is sent. Found by `purchases`, kind `duplicated`, when an answer
// is lost and the request comes again.
#include "fakes/shop/order_tables.hpp"

namespace shop {

void OrderBook::create_tables() {
  create_order_tables(pool_, References::any);
}

bool OrderBook::write_intent(const Order& order) {
  return insert_intent(pool_, order, "");
}

void OrderBook::settle(const std::string& ref, bool paid) {
  mark_settled(pool_, ref, paid);
}

std::vector<Order> OrderBook::open_intents() {
  return read_orders(pool_, "state = 'intent' ORDER BY id");
}

} // namespace shop
