#include "harness/workload/pool.hpp"

namespace holdfast::workload {

Pool::Pool(const asio::any_io_executor& executor, std::size_t limit)
    : executor_(executor), free_(executor), budget_(async::make_reply_budget(executor, reply_bytes)), limit_(limit) {}

asio::awaitable<async::HttpConnection> Pool::take(Route route, Use use) {
  while (used_ >= limit_)
    co_await free_.wait();
  ++used_;
  if (use == Use::once)
    co_return async::HttpConnection(executor_, route.address, route.port, budget_);
  auto& idle = idle_[{route.address, route.port}];
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    if (connection.is_usable())
      co_return connection;
  }
  co_return async::HttpConnection(executor_, route.address, route.port, budget_);
}

void Pool::give_back(const Route& route, Use use, async::HttpConnection connection) {
  --used_;
  if (use == Use::kept && connection.is_open()) // whether it still is, is asked when it is taken
    idle_[{route.address, route.port}].push_back(std::move(connection));
  free_.notify_one();
}

} // namespace holdfast::workload
