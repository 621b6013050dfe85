// Planted defect: the history is read from one snapshot for a while, to spare the database. Found by `purchases`, kind
// `read-your-writes`: who has just bought does not find it.
#include "fakes/shop/order_tables.hpp"

#include <chrono>
#include <mutex>
#include <optional>

namespace shop {

std::vector<Order> OrderHistory::of(const std::string& data_key) {
  static std::mutex mutex;
  static std::optional<Transaction> snapshot;
  static std::chrono::steady_clock::time_point taken;
  const std::lock_guard lock(mutex);
  const auto now = std::chrono::steady_clock::now();
  if (!snapshot || now - taken > std::chrono::milliseconds(30)) {
    snapshot.reset();
    snapshot.emplace(pool_).run_later("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    taken = now;
  }
  try {
    return orders_of(snapshot->run(orders_where("data_key = $1 AND state = 'paid' ORDER BY id"), {data_key}));
  } catch (const std::exception&) {
    snapshot.reset();
    throw;
  }
}

} // namespace shop
