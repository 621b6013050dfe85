// The clock of a real run.
#pragma once

#include "harness/async/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace holdfast::run {

namespace asio = boost::asio;

class SystemClock final : public async::Clock {
public:
  explicit SystemClock(asio::any_io_executor executor);
  [[nodiscard]] async::Time now() const override;
  [[nodiscard]] asio::awaitable<void> wait_until(async::Time when) override;

private:
  asio::any_io_executor executor_;
  std::chrono::steady_clock::time_point start_;
};

} // namespace holdfast::run
