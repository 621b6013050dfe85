// Connections to instances, at most so many at a time.
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
    once, ///< for one operation, as a proxy that keeps none opens them: whether an instance takes new ones shows
    kept  ///< alive between operations
  };
  /// Waits while all are in use. Idle ones count as connections too.
  [[nodiscard]] asio::awaitable<async::HttpConnection> take(Route route, Use use);
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
