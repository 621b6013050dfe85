#include "fakes/postgres/postgres.hpp"

#include "fakes/postgres/connection.hpp"

namespace holdfast::fakes {

PostgresFake::PostgresFake(boost::asio::any_io_executor executor, async::Clock& clock)
    : server_(std::make_shared<pg::Server>(pg::Server{std::move(executor), clock})) {}
PostgresFake::~PostgresFake() = default;

std::unique_ptr<link::FakeConnection> PostgresFake::connect(const std::string&) {
  return std::make_unique<pg::Connection>(server_);
}

} // namespace holdfast::fakes
