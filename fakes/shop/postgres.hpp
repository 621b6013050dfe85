// libpq with owners: a pool of connections, and a transaction that rolls back unless it was committed.
#pragma once

#include <libpq-fe.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace shop {

/// The rows of a result; every value as text, NULL as nothing.
class Rows {
public:
  explicit Rows(PGresult* result) : result_(result, PQclear) {}
  int size() const { return PQntuples(result_.get()); }
  bool empty() const { return size() == 0; }
  std::string text(int row, int column) const { return PQgetvalue(result_.get(), row, column); }
  long long integer(int row, int column) const { return std::stoll(text(row, column)); }
  /// Rows inserted, updated or deleted.
  int affected() const;

private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

class Connection {
public:
  explicit Connection(const std::string& dsn); ///< throws std::runtime_error
  /// Throws std::runtime_error with the server's message.
  Rows run(const std::string& sql, const std::vector<std::string>& parameters = {});
  bool usable() const;

private:
  void await_answer();
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

class Pool {
public:
  explicit Pool(std::string dsn) : dsn_(std::move(dsn)) {}
  /// One statement on a pooled connection.
  Rows run(const std::string& sql, const std::vector<std::string>& parameters = {});
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

private:
  std::string dsn_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

/// "($1, $2), ($3, $4)": the places of so many rows' values.
std::string places(std::size_t rows, std::size_t columns);

class Transaction {
public:
  explicit Transaction(Pool& pool);
  ~Transaction(); ///< rolls back what was not committed
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Rows run(const std::string& sql, const std::vector<std::string>& parameters = {}) {
    return connection_->run(sql, parameters);
  }
  void commit();

private:
  Pool& pool_;
  std::unique_ptr<Connection> connection_;
  bool open_ = true;
};

} // namespace shop
