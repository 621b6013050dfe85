#include "harness/workload/pool.hpp"

namespace holdfast::workload {

Pool::Pool(const asio::any_io_executor& executor, std::size_t limit)
    : executor_(executor), free_(executor), budget_(async::make_reply_budget(executor, reply_bytes)), limit_(limit) {}

asio::awaitable<async::HttpConnection> Pool::take(Route route, Use use) {
  while (used_ >= limit_)
    co_await free_.wait();
  ++used_;
  if (use == Use::kept) {
    // The newest first: it has been idle for the shortest time, and is the least likely to have been closed by its
    // server.
    auto& waiting = idle_[{route.address, route.port}];
    while (!waiting.empty()) {
      auto connection = std::move(waiting.back());
      waiting.pop_back();
      if (connection.is_usable())
        co_return connection;
    }
  }
  // An idle connection holds a descriptor as well, here and in the instance. Where a new one would exceed the limit,
  // idle ones are closed for it: place by place, the oldest of a place first.
  for (auto other = idle_.begin(); other != idle_.end() && used_ + idle() > limit_; ++other)
    while (!other->second.empty() && used_ + idle() > limit_)
      other->second.pop_front();
  co_return async::HttpConnection(executor_, route.address, route.port, budget_);
}

std::size_t Pool::idle() const {
  std::size_t count = 0;
  for (const auto& [place, connections] : idle_)
    count += connections.size();
  return count;
}

void Pool::give_back(const Route& route, Use use, async::HttpConnection connection) {
  --used_;
  if (use == Use::kept && connection.is_open()) // whether it still is, is asked when it is taken
    idle_[{route.address, route.port}].push_back(std::move(connection));
  free_.notify_one();
}

} // namespace holdfast::workload
