// One writer at a time, in order of arrival; a waiter suspends. Used by the postgres fake only.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/async/deadline.hpp"
#include "harness/async/event.hpp"

namespace holdfast::fakes {

class WriteLock {
public:
  WriteLock(boost::asio::any_io_executor executor, async::Clock& clock)
      : released_(std::move(executor)), clock_(clock) {}

  /// False when `timeout` passed first; zero waits for ever.
  boost::asio::awaitable<bool> acquire(async::Duration timeout) {
    if (timeout == async::Duration{}) {
      co_await wait();
    } else if (taken_ && !co_await async::until(clock_, clock_.now() + timeout, wait_until_free())) {
      co_return false;
    } else {
      co_await wait();
    }
    taken_ = true;
    co_return true;
  }
  void release() {
    taken_ = false;
    released_.notify();
  }

private:
  boost::asio::awaitable<void> wait_until_free() { co_await wait(); }
  boost::asio::awaitable<void> wait() {
    while (taken_)
      co_await released_.wait();
  }

  bool taken_ = false;
  async::Event released_;
  async::Clock& clock_;
};

} // namespace holdfast::fakes
