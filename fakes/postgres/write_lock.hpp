// One writer at a time, in order of arrival; a waiter suspends. Used by the postgres fake only.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/async/deadline.hpp"
#include "harness/async/event.hpp"

#include <deque>

namespace holdfast::fakes {

class WriteLock {
public:
  WriteLock(boost::asio::any_io_executor executor, async::Clock& clock)
      : released_(std::move(executor)), clock_(clock) {}

  /// False when `timeout` passed first; zero waits for ever.
  boost::asio::awaitable<bool> acquire(async::Duration timeout) {
    const auto ticket = next_ticket_++;
    waiting_.push_back(ticket);
    const auto deadline = clock_.now() + timeout;
    while (taken_ || waiting_.front() != ticket) {
      if (timeout == async::Duration{}) {
        co_await released_.wait();
      } else if (!co_await async::until(clock_, deadline, released_.wait())) {
        std::erase(waiting_, ticket);
        released_.notify(); // whoever is next may be free to go
        co_return false;
      }
    }
    waiting_.pop_front();
    taken_ = true;
    co_return true;
  }
  void release() {
    taken_ = false;
    released_.notify();
  }

private:
  bool taken_ = false;
  std::uint64_t next_ticket_ = 0;
  std::deque<std::uint64_t> waiting_; ///< in order of arrival
  async::Event released_;
  async::Clock& clock_;
};

} // namespace holdfast::fakes
