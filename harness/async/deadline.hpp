// A wait with a deadline that says what it waited for.
#pragma once

#include "harness/async/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace holdfast::async {

/// Runs `work` until `deadline`, then cancels it and returns nothing. What `work` throws is thrown.
///
/// Not `operator||`: that waits for the first *success*, so a branch that fails would not end the race.
template <class T>
[[nodiscard]] asio::awaitable<std::optional<T>> until(Clock& clock, Time deadline, asio::awaitable<T> work) {
  const auto executor = co_await asio::this_coro::executor;
  auto group =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                              asio::co_spawn(executor, clock.wait_until(deadline), asio::deferred));
  auto [order, error, value, timer_error] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 0) {
    if (error)
      std::rethrow_exception(error);
    co_return std::move(value);
  }
  co_return std::nullopt;
}

/// The same for work without a value: true when it ended in time.
[[nodiscard]] inline asio::awaitable<bool> until(Clock& clock, Time deadline, asio::awaitable<void> work) {
  const auto executor = co_await asio::this_coro::executor;
  auto group =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                              asio::co_spawn(executor, clock.wait_until(deadline), asio::deferred));
  auto [order, error, timer_error] = co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 0 && error)
    std::rethrow_exception(error);
  co_return order[0] == 0;
}

} // namespace holdfast::async
