// The first of two things to happen.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace holdfast::async {

namespace asio = boost::asio;

/// Runs both until the first has ended, then cancels the other. Throws what the one that ended first threw.
[[nodiscard]] inline asio::awaitable<void> either(asio::awaitable<void> one, asio::awaitable<void> other) {
  const auto executor = co_await asio::this_coro::executor;
  auto group = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(one), asio::deferred),
                                                       asio::co_spawn(executor, std::move(other), asio::deferred));
  const auto [order, error, other_error] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (const auto& first = order[0] == 0 ? error : other_error)
    std::rethrow_exception(first);
}

} // namespace holdfast::async
