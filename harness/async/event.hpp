// A condition that coroutines wait for: notify wakes everyone who waits at that moment. One thread.
//
// Always used in a loop over the condition: `while (!condition) co_await changed.wait();`
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <memory>

namespace holdfast::async {

namespace asio = boost::asio;

class Event {
public:
  explicit Event(asio::any_io_executor executor);
  ~Event(); ///< waiters are woken with operation_aborted
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  [[nodiscard]] asio::awaitable<void> wait();
  void notify();
  /// Wakes whoever has waited longest. Only where every waiter waits for the same and is not cancelled: one that is
  /// woken and cancelled takes the notice with it.
  void notify_one();

private:
  struct Waiter;
  asio::any_io_executor executor_;
  std::deque<std::shared_ptr<Waiter>> waiters_;
  std::size_t forget_at_ = 8;
};

} // namespace holdfast::async
