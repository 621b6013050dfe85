// The statements of the order book, for whatever arranges them.
#pragma once

#include "fakes/shop/order_book.hpp"

namespace shop {

enum class References { unique, any };

/// `number` is the type of what orders are sorted by.
inline void create_order_tables(Pool& pool, References references, const std::string& number = "BIGSERIAL") {
  const std::string unique = references == References::unique ? " UNIQUE" : "";
  pool.run("CREATE TABLE IF NOT EXISTS orders (id " + number + " PRIMARY KEY, ref TEXT NOT NULL" + unique +
           ", data_key TEXT NOT NULL, name TEXT NOT NULL, sku TEXT NOT NULL, amount BIGINT NOT NULL, state TEXT NOT "
           "NULL)");
  pool.run("CREATE INDEX IF NOT EXISTS orders_of_user ON orders (data_key, id)");
}

/// False when there was one under this reference.
inline bool insert_intent(Pool& pool, const Order& order, const std::string& on_conflict) {
  return pool.run("INSERT INTO orders (ref, data_key, name, sku, amount, state) VALUES ($1, $2, $3, $4, $5, 'intent')" +
                      on_conflict,
                  {order.ref, order.data_key, order.user, order.sku, std::to_string(order.amount)})
             .affected() > 0;
}

inline void mark_settled(Pool& pool, const std::string& ref, bool paid) {
  pool.run("UPDATE orders SET state = $2 WHERE ref = $1 AND state = 'intent'", {ref, paid ? "paid" : "declined"});
}

inline std::string orders_where(const std::string& condition) {
  return "SELECT ref, data_key, name, sku, amount FROM orders WHERE " + condition;
}

inline std::vector<Order> orders_of(const Rows& rows) {
  std::vector<Order> orders;
  for (int i = 0; i < rows.size(); ++i)
    orders.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.integer(i, 4)});
  return orders;
}

inline std::vector<Order> read_orders(Pool& pool, const std::string& condition,
                                      const std::vector<std::string>& values = {}) {
  return orders_of(pool.run(orders_where(condition), values));
}

} // namespace shop
