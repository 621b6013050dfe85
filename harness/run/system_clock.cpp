#include "harness/run/system_clock.hpp"

#include <boost/asio/redirect_error.hpp>
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
  // Every wait with a deadline that is met cancels one of these: an exception each time is felt at thousands a second.
  // So a cancelled wait returns early; the coroutine that was cancelled learns it at its next co_await.
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

} // namespace holdfast::run
