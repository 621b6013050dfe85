// An in-process PostgreSQL: wire protocol v3 on SQLite. Reads see what is committed when they begin (read committed);
// write transactions run one at a time, a waiting writer suspends its connection and never the loop, and gets SQLSTATE
// 55P03 when `lock_timeout` has passed. What is not supported is answered with an error that says so, never with
// silence.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/link/fake.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace holdfast::fakes {

class PostgresFake final : public link::Fake {
public:
  /// Keeps its data in memory, as long as it lives. Throws std::runtime_error when it is given no address space.
  PostgresFake(boost::asio::any_io_executor executor, async::Clock& clock);
  ~PostgresFake() override;
  [[nodiscard]] std::unique_ptr<link::FakeConnection> connect() override;

  struct State;

private:
  std::shared_ptr<State> state_;
};

} // namespace holdfast::fakes
