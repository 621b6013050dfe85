// Time as the rest of the harness sees it: one monotonic clock that begins with the run. The run owns the only
// implementation that knows of real timers; another may make time virtual.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>

namespace holdfast::async {

namespace asio = boost::asio;

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::nanoseconds; ///< since the run began

class Clock {
public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  /// Cancellable like any Asio operation.
  [[nodiscard]] virtual asio::awaitable<void> wait_until(Time when) = 0;
  [[nodiscard]] asio::awaitable<void> wait_for(Duration duration) { return wait_until(now() + duration); }
};

} // namespace holdfast::async
