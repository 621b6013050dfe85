// Planted defect: every connection takes a block of numbers, and orders are listed by number. Found by `purchases`,
// kind `reordered` (monotonic writes): a buyer's next order may get a number of an older block. Only a server whose
// sequences are cached shows it.
#include "fakes/shop/order_tables.hpp"

namespace shop {

void OrderBook::create_tables() {
  pool_.run("CREATE SEQUENCE IF NOT EXISTS order_numbers CACHE 20");
  create_order_tables(pool_, References::unique, "BIGINT DEFAULT nextval('order_numbers')");
}

bool OrderBook::write_intent(const Order& order) {
  return insert_intent(pool_, order, " ON CONFLICT (ref) DO NOTHING");
}

void OrderBook::settle(const std::string& ref, bool paid) {
  mark_settled(pool_, ref, paid);
}

std::vector<Order> OrderBook::open_intents() {
  return read_orders(pool_, "state = 'intent' ORDER BY id");
}

} // namespace shop
