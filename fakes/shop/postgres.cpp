#include "fakes/shop/postgres.hpp"

#include <iostream>
#include <stdexcept>

namespace shop {

int Rows::affected() const {
  const std::string count = PQcmdTuples(result_.get());
  return count.empty() ? 0 : std::stoi(count);
}

Connection::Connection(const std::string& dsn) : connection_(PQconnectdb(dsn.c_str()), PQfinish) {
  if (!usable())
    throw std::runtime_error(PQerrorMessage(connection_.get()));
}

bool Connection::usable() const {
  return PQstatus(connection_.get()) == CONNECTION_OK;
}

Rows Connection::run(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters)
    values.push_back(parameter.c_str());
  Rows rows(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                         nullptr, nullptr, 0));
  // The result is owned by `rows`; its status is asked for through the connection's last error as well.
  const std::string error = PQerrorMessage(connection_.get());
  if (!usable() || !error.empty())
    throw std::runtime_error(error.empty() ? "the connection was lost" : error);
  return rows;
}

std::unique_ptr<Connection> Pool::take() {
  {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->usable())
        return connection;
    }
  }
  return std::make_unique<Connection>(dsn_);
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  if (!connection->usable())
    return;
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

Rows Pool::run(const std::string& sql, const std::vector<std::string>& parameters) {
  auto connection = take();
  auto rows = connection->run(sql, parameters); // a failed connection is dropped with the exception
  give_back(std::move(connection));
  return rows;
}

Transaction::Transaction(Pool& pool) : pool_(pool), connection_(pool.take()) {
  connection_->run("BEGIN");
}

Transaction::~Transaction() {
  if (open_) {
    try {
      connection_->run("ROLLBACK");
    } catch (const std::exception& error) {
      std::cerr << "rollback: " << error.what() << std::endl; // closing the connection rolls back as well
      return;
    }
  }
  pool_.give_back(std::move(connection_));
}

void Transaction::commit() {
  connection_->run("COMMIT");
  open_ = false;
}

} // namespace shop
