// Planted defect: a history that was read once is kept in a file beside the service, and a restarted service trusts the
// file. Found by `purchases`, kind `lost`, when something was bought after the file was written.
#include "fakes/shop/order_tables.hpp"

#include <fstream>
#include <map>
#include <utility>

namespace shop {

namespace {
constexpr auto cache_file = "history.cache";

std::map<std::string, std::vector<Order>> load() {
  std::map<std::string, std::vector<Order>> cache;
  std::ifstream file(cache_file);
  for (std::string key, ref, sku, amount;
       std::getline(file, key) && std::getline(file, ref) && std::getline(file, sku) && std::getline(file, amount);)
    cache[key].push_back({ref, key, {}, sku, std::stoll(amount)});
  return cache;
}
} // namespace

std::vector<Order> OrderHistory::of(const std::string& data_key) {
  static std::mutex mutex;
  static const auto before_the_restart = load();
  if (const auto cached = before_the_restart.find(data_key); cached != before_the_restart.end())
    return cached->second;
  auto orders = read_orders(pool_, "data_key = $1 AND state = 'paid' ORDER BY id", {data_key});
  const std::lock_guard lock(mutex);
  static std::map<std::string, bool> written;
  if (!orders.empty() && !std::exchange(written[data_key], true)) {
    std::ofstream file(cache_file, std::ios::app);
    for (const auto& order : orders)
      file << data_key << '\n' << order.ref << '\n' << order.sku << '\n' << order.amount << '\n';
  }
  return orders;
}

} // namespace shop
