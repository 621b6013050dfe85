// Several things at the same time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <vector>

namespace holdfast::async {

namespace asio = boost::asio;

/// Runs all of them; returns when the last has ended. Then throws what the first of them in the list threw.
[[nodiscard]] inline asio::awaitable<void> together(std::vector<asio::awaitable<void>> all) {
  if (all.empty())
    co_return;
  const auto executor = co_await asio::this_coro::executor;
  std::vector<decltype(asio::co_spawn(executor, std::move(all.front()), asio::deferred))> begun;
  begun.reserve(all.size());
  for (auto& one : all)
    begun.push_back(asio::co_spawn(executor, std::move(one), asio::deferred));
  auto group = asio::experimental::make_parallel_group(std::move(begun));
  const auto [order, errors] = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const auto& error : errors)
    if (error)
      std::rethrow_exception(error);
}

/// `work(element)` for every element of a range.
template <class Range, class Work>
[[nodiscard]] asio::awaitable<void> together(const Range& range, Work work) {
  std::vector<asio::awaitable<void>> all;
  for (const auto& element : range)
    all.push_back(work(element));
  return together(std::move(all));
}

} // namespace holdfast::async
