// libpq with owners: a pool of connections, and a transaction that rolls back unless it was committed.
#pragma once

#include <condition_variable>
#include <cstddef>
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
  /// Nothing of a request is left on it: whoever takes it next will not notice.
  bool clean() const;

private:
  void send(const Query& query);
  PGresult* next_result();
  void await_answer();
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

/// Connections that are kept, at most so many. A server pays far more for a connection than for a statement: they are
/// opened one at a time, and whoever waits takes what comes first, so that a slow server is not stormed.
class Pool {
public:
  explicit Pool(std::string dsn) : dsn_(std::move(dsn)) {}
  /// One statement on a pooled connection.
  Rows run(const std::string& sql, const std::vector<std::string>& parameters = {});

  /// A connection on loan: goes back with its end if it is clean, and is closed otherwise.
  class Loan {
  public:
    explicit Loan(Pool& pool) : pool_(pool), connection_(pool.take()) {}
    ~Loan() { pool_.give_back(std::move(connection_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Connection* operator->() const { return connection_.get(); }

  private:
    Pool& pool_;
    std::unique_ptr<Connection> connection_;
  };

private:
  std::unique_ptr<Connection> take(); ///< throws std::runtime_error when none becomes free within 3 s
  void give_back(std::unique_ptr<Connection> connection);

  std::string dsn_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0; ///< idle, on loan or being opened
  bool opening_ = false;
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
  Pool::Loan connection_;
  std::vector<Query> waiting_;
  bool begun_ = false; ///< the server may have been told
};

} // namespace shop
