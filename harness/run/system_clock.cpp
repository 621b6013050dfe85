#include "harness/run/system_clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::run {

SystemClock::SystemClock(asio::any_io_executor executor)
    : executor_(std::move(executor)), start_(std::chrono::steady_clock::now()) {}

async::Time SystemClock::now() const {
  return std::chrono::steady_clock::now() - start_;
}

asio::awaitable<void> SystemClock::wait_until(async::Time when) {
  asio::steady_timer timer(executor_, start_ + when);
  co_await timer.async_wait(asio::use_awaitable);
}

} // namespace holdfast::run
