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
  bool is_null() const { return result_ == nullptr; }
  ExecStatusType status() const { return PQresultStatus(result_.get()); }
  std::string error() const { return PQresultErrorMessage(result_.get()); }

private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

struct Query {
  std::string sql;
  std::vector<std::string> parameters = {};
};

class Connection {
public:
  explicit Connection(const std::string& dsn); ///< throws std::runtime_error
  /// Throws std::runtime_error with the server's message.
  Rows run(const std::string& sql, const std::vector<std::string>& parameters = {});
  /// Several, one after another, in one round trip: the rows of the last. Throws for the first that failed; the server
  /// has then not run those after it.
  Rows run_together(const std::vector<Query>& queries);
  bool usable() const;

private:
  void send(const Query& query);
  PGresult* next_result();
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

/// What need not be known before the next statement is sent goes together with that: a round trip for each question,
/// not for each statement.
class Transaction {
public:
  explicit Transaction(Pool& pool);
  ~Transaction(); ///< rolls back what was not committed
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Rows run(std::string sql, std::vector<std::string> parameters = {});
  /// Sent with the next `run` or `commit`, which throws if it fails.
  void run_later(std::string sql, std::vector<std::string> parameters = {});
  void commit();

private:
  Pool& pool_;
  std::unique_ptr<Connection> connection_;
  std::vector<Query> waiting_;
  bool begun_ = false; ///< the server may have been told
};

} // namespace shop
