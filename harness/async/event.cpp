#include "harness/async/event.hpp"

#include <algorithm>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace holdfast::async {

struct Event::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : channel(executor, 1) {}
  asio::experimental::channel<void(boost::system::error_code)> channel;
};

Event::Event(asio::any_io_executor executor) : executor_(std::move(executor)) {}

Event::~Event() {
  for (const auto& waiter : waiters_)
    waiter->channel.close();
}

asio::awaitable<void> Event::wait() {
  // Waiters whose wait was cancelled are only referenced from the list: forget them here, where the list grows, and
  // seldom enough that it costs nothing when many wait.
  if (waiters_.size() >= forget_at_) {
    std::erase_if(waiters_, [](const std::shared_ptr<Waiter>& waiter) { return waiter.use_count() == 1; });
    forget_at_ = std::max<std::size_t>(8, 2 * waiters_.size());
  }
  auto waiter = std::make_shared<Waiter>(executor_);
  waiters_.push_back(waiter);
  co_await waiter->channel.async_receive(asio::use_awaitable);
}

void Event::notify_one() {
  while (!waiters_.empty()) {
    const auto waiter = std::move(waiters_.front());
    waiters_.pop_front();
    if (waiter.use_count() > 1 && waiter->channel.try_send(boost::system::error_code{}))
      return;
  }
}

void Event::notify() {
  for (const auto& waiter : std::exchange(waiters_, {}))
    waiter->channel.try_send(boost::system::error_code{});
}

} // namespace holdfast::async
