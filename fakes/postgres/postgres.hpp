// An in-process PostgreSQL: wire protocol v3 on SQLite. Statements are read and typed as PostgreSQL does it, and
// written anew for SQLite. Reads see what is committed when they begin (read committed); write transactions run one at
// a time, a waiting writer suspends its connection and never the loop, and gets SQLSTATE 55P03 when `lock_timeout` has
// passed. What is not supported is answered with an error that says so, never with silence: CONTRACT.md lists it.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/link/fake.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace holdfast::fakes {

namespace pg {
struct Server;
} // namespace pg

class PostgresFake final : public link::Fake {
public:
  /// Keeps its data in memory, as long as it lives.
  PostgresFake(boost::asio::any_io_executor executor, async::Clock& clock);
  ~PostgresFake() override;
  [[nodiscard]] std::unique_ptr<link::FakeConnection> connect(const std::string& peer) override;

private:
  std::shared_ptr<pg::Server> server_;
};

} // namespace holdfast::fakes
