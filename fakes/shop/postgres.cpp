#include "fakes/shop/postgres.hpp"

#include <cerrno>
#include <chrono>
#include <iostream>
#include <poll.h>
#include <stdexcept>
#include <utility>

namespace shop {

namespace {

// Of a pool: three services on five hosts stay well below what servers allow.
constexpr std::size_t most_connections = 8;
constexpr auto patience = std::chrono::seconds(3);

} // namespace

int Rows::affected() const {
  const std::string count = PQcmdTuples(result_.get());
  return count.empty() ? 0 : std::stoi(count);
}

Connection::Connection(const std::string& dsn) : connection_(PQconnectdb(dsn.c_str()), PQfinish) {
  if (!usable())
    throw std::runtime_error(PQerrorMessage(connection_.get()));
}

void Connection::await_answer() {
  constexpr int limit_ms = 1000 * patience.count(); // a server that stays silent must not hold a request for ever
  while (PQisBusy(connection_.get()) != 0) {
    pollfd waiting{PQsocket(connection_.get()), POLLIN, 0};
    const int ready = poll(&waiting, 1, limit_ms);
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0) {
      connection_.reset(); // its answer would come for the next statement
      throw std::runtime_error("the database did not answer within 3 s");
    }
    if (PQconsumeInput(connection_.get()) != 1)
      break; // the status says what is wrong
  }
}

bool Connection::usable() const {
  return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

bool Connection::clean() const {
  return usable() && PQpipelineStatus(connection_.get()) == PQ_PIPELINE_OFF &&
         PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

void Connection::send(const Query& query) {
  std::vector<const char*> values;
  for (const auto& parameter : query.parameters)
    values.push_back(parameter.c_str());
  if (PQsendQueryParams(connection_.get(), query.sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                        nullptr, nullptr, 0) != 1)
    throw std::runtime_error(PQerrorMessage(connection_.get()));
}

PGresult* Connection::next_result() {
  await_answer();
  return PQgetResult(connection_.get());
}

Rows Connection::run(const std::string& sql, const std::vector<std::string>& parameters) {
  send({sql, parameters});
  Rows rows(next_result());
  for (PGresult* more = PQgetResult(connection_.get()); more != nullptr; more = PQgetResult(connection_.get()))
    PQclear(more);
  // The result is owned by `rows`; its status is asked for through the connection's last error as well.
  const std::string error = PQerrorMessage(connection_.get());
  if (!usable() || !error.empty())
    throw std::runtime_error(error.empty() ? "the connection was lost" : error);
  return rows;
}

Rows Connection::run_together(const std::vector<Query>& queries) {
  PQenterPipelineMode(connection_.get());
  for (const auto& query : queries)
    send(query);
  if (PQpipelineSync(connection_.get()) != 1)
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  Rows last(nullptr);
  std::string error;
  // Every statement ends with a null, the pipeline with a result of its own.
  for (std::size_t ended = 0; ended <= queries.size() && usable();) {
    Rows rows(next_result());
    if (rows.status() == PGRES_PIPELINE_SYNC)
      break;
    if (rows.is_null())
      ++ended;
    else if (error.empty() && rows.status() != PGRES_TUPLES_OK && rows.status() != PGRES_COMMAND_OK)
      error = rows.error();
    else
      last = std::move(rows);
  }
  if (!usable() || PQexitPipelineMode(connection_.get()) != 1) {
    const std::string lost = connection_ ? PQerrorMessage(connection_.get()) : "";
    connection_.reset(); // nobody knows what it would say next
    throw std::runtime_error(lost.empty() ? "the connection was lost" : lost);
  }
  if (!error.empty())
    throw std::runtime_error(error);
  return last;
}

std::unique_ptr<Connection> Pool::take() {
  std::unique_lock lock(mutex_);
  const auto available = [this] { return !idle_.empty() || (open_ < most_connections && !opening_); };
  if (!changed_.wait_for(lock, patience, available))
    throw std::runtime_error("no connection to the database became free within 3 s");
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  opening_ = true;
  ++open_;
  lock.unlock();
  try {
    auto connection = std::make_unique<Connection>(dsn_);
    lock.lock();
    opening_ = false;
    changed_.notify_one();
    return connection;
  } catch (...) {
    lock.lock();
    opening_ = false;
    --open_;
    changed_.notify_one();
    throw;
  }
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  const bool clean = connection->clean();
  if (!clean)
    connection.reset(); // its server is told before anybody may open another
  const std::lock_guard lock(mutex_);
  if (clean)
    idle_.push_back(std::move(connection));
  else
    --open_;
  changed_.notify_one();
}

Rows Pool::run(const std::string& sql, const std::vector<std::string>& parameters) {
  const Loan connection(*this);
  return connection->run(sql, parameters);
}

std::string places(std::size_t rows, std::size_t columns) {
  std::string text;
  for (std::size_t place = 0; place < rows * columns; ++place) {
    text += place % columns != 0 ? ", " : place != 0 ? "), (" : "(";
    text += "$" + std::to_string(place + 1);
  }
  return text + ")";
}

Transaction::Transaction(Pool& pool) : connection_(pool), waiting_{{"BEGIN"}} {}

Transaction::~Transaction() {
  if (!begun_)
    return;
  try {
    connection_->run("ROLLBACK");
  } catch (const std::exception& error) {
    std::cerr << "rollback: " << error.what() << std::endl; // closing the connection rolls back as well
  }
}

void Transaction::run_later(std::string sql, std::vector<std::string> parameters) {
  waiting_.push_back({std::move(sql), std::move(parameters)});
}

Rows Transaction::run(std::string sql, std::vector<std::string> parameters) {
  run_later(std::move(sql), std::move(parameters));
  begun_ = true;
  return connection_->run_together(std::exchange(waiting_, {}));
}

void Transaction::commit() {
  run("COMMIT");
  begun_ = false;
}

} // namespace shop
