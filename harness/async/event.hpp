// A condition that coroutines wait for: notify wakes everyone who waits at that moment. One thread.
//
// Always used in a loop over the condition: `while (!condition) co_await changed.wait();`
//
// A waiter is a link in a list, in the frame of the coroutine that waits: to wait and to be woken costs no allocation
// but the frame's own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace holdfast::async {

namespace asio = boost::asio;

class Event {
public:
  explicit Event(const asio::any_io_executor& executor);
  ~Event(); ///< waiters are woken with operation_aborted
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  [[nodiscard]] asio::awaitable<void> wait();
  /// Wakes all who wait now; they go on once the caller has returned to the loop.
  void notify();
  /// The same, but they go on at once, inside this call: only where the caller no longer uses what those coroutines may
  /// change.
  void notify_and_run();
  /// Wakes the one that has waited longest. Only where all wait for the same thing and none is cancelled: one that is
  /// woken and then cancelled before it goes on has used up the notice, and another that could have gone on stays
  /// asleep.
  void notify_one();

private:
  struct Waiter;
  struct Registry;
  friend struct Registry;

  Registry* registry_; ///< null once the loop has gone
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  Event* next_ = nullptr; ///< in the registry's list
  Event* previous_ = nullptr;
};

} // namespace holdfast::async
