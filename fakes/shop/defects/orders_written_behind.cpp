// Planted defect: what was paid is gathered in memory and written every half second; a stop does not wait for it. Found
// by `purchases`, kind `lost`, when orders is stopped.
#include "fakes/shop/order_tables.hpp"

#include <condition_variable>
#include <iostream>
#include <thread>
#include <utility>

namespace shop {

namespace {

class WriteBehind {
public:
  void put(Pool& pool, const Order& order) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(order);
    if (!std::exchange(running_, true))
      std::thread([this, &pool] { write(pool); }).detach();
  }

private:
  void write(Pool& pool) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait_for(lock, std::chrono::milliseconds(500));
      const auto batch = std::exchange(waiting_, {});
      lock.unlock();
      try {
        for (const auto& order : batch) {
          insert_intent(pool, order, " ON CONFLICT (ref) DO NOTHING");
          mark_settled(pool, order.ref, true);
        }
      } catch (const std::exception& error) {
        std::cerr << "writing behind: " << error.what() << std::endl;
      }
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Order> waiting_;
  bool running_ = false;
};

std::mutex mutex;
std::vector<Order> intents; ///< charged now

} // namespace

void OrderBook::create_tables() {
  create_order_tables(pool_, References::unique);
}

bool OrderBook::write_intent(const Order& order) {
  const std::lock_guard lock(mutex);
  intents.push_back(order);
  return true;
}

void OrderBook::settle(const std::string& ref, bool paid) {
  static WriteBehind behind;
  const std::lock_guard lock(mutex);
  std::erase_if(intents, [&](const Order& order) {
    if (order.ref == ref && paid)
      behind.put(pool_, order);
    return order.ref == ref;
  });
}

std::vector<Order> OrderBook::open_intents() {
  const std::lock_guard lock(mutex);
  return intents;
}

} // namespace shop
