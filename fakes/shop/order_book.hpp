// The orders' own book in postgres: what was intended, what was paid.
#pragma once

#include "fakes/shop/postgres.hpp"

namespace shop {

struct Order {
  std::string ref; ///< the buyer's idempotency key: an order is written once
  std::string data_key;
  std::string user;
  std::string sku;
  long long amount = 0;
};

class OrderBook {
public:
  explicit OrderBook(Pool& pool) : pool_(pool) {}
  void create_tables();
  /// Before anything is charged, so that a crash in between leaves a trace. False when it was written before.
  bool write_intent(const Order& order);
  /// What became of the charge; the first answer counts.
  void settle(const std::string& ref, bool paid);
  /// Written and not settled, the oldest first.
  std::vector<Order> open_intents();

private:
  Pool& pool_;
};

/// What a user has bought, the oldest first.
class OrderHistory {
public:
  explicit OrderHistory(Pool& pool) : pool_(pool) {}
  std::vector<Order> of(const std::string& data_key);

private:
  Pool& pool_;
};

/// What is answered, with the original result, to a purchase that is asked for again.
extern const int status_of_a_repeat;

} // namespace shop
