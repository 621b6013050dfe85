// Connections to instances: at most `limit` of them at a time, idle ones included. Used by Caller, from the run's
// thread.
#pragma once

#include "harness/async/event.hpp"
#include "harness/async/http_connection.hpp"

#include <deque>
#include <map>

namespace holdfast::workload {

namespace asio = boost::asio;

/// Where an operation is sent.
struct Route {
  std::string instance;
  std::string address;
  std::uint16_t port = 0;
};

class Pool {
public:
  /// Bytes of large replies that all its connections may hold together.
  static constexpr std::size_t reply_bytes = 64U << 20U;

  Pool(const asio::any_io_executor& executor, std::size_t limit);

  enum class Use {
    once, ///< a new connection for one attempt, so that an instance that accepts no new ones is noticed
    kept  ///< one that is kept open between attempts, where there is one
  };
  /// A connection to the route's address, not necessarily open yet: HttpConnection::exchange connects it. Waits while
  /// `limit` connections are in use. Must be followed by `give_back`.
  [[nodiscard]] asio::awaitable<async::HttpConnection> take(Route route, Use use);
  /// Ends a use that `take` began, with the same `route` and `use`. A connection that was closed, or taken for one use,
  /// is not kept.
  void give_back(const Route& route, Use use, async::HttpConnection connection);

private:
  [[nodiscard]] std::size_t idle() const;

  asio::any_io_executor executor_;
  async::Event free_;
  std::shared_ptr<async::ReplyBudget> budget_;
  std::size_t limit_;
  std::size_t used_ = 0;
  std::map<std::pair<std::string, std::uint16_t>, std::deque<async::HttpConnection>> idle_; ///< the newest last
};

} // namespace holdfast::workload
