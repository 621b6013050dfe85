// One session's view of the fake's SQLite database: transactions, statements, values. Used by the postgres fake only.
#pragma once

#include "fakes/postgres/memory_files.hpp"
#include "fakes/postgres/remembered.hpp"
#include "fakes/postgres/sql.hpp"
#include "fakes/postgres/wire.hpp"
#include "fakes/postgres/write_lock.hpp"

#include <memory>
#include <sqlite3.h>
#include <variant>

namespace holdfast::fakes {

/// A parameter as it came over the wire.
struct Parameter {
  std::optional<std::string> value;
  int format = 0; ///< 0 text, 1 binary
  int type = 0;   ///< as declared by Parse; 0 for none
};

struct Result {
  std::vector<Column> columns; ///< empty: no rows can come
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::string tag;
};

class Session {
public:
  /// Both must outlive it.
  Session(MemoryFiles& files, WriteLock& lock);
  ~Session(); ///< rolls back
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// 'I' idle, 'T' in a transaction, 'E' in a failed one.
  [[nodiscard]] char status() const { return implicit_ ? 'I' : failed_ ? 'E' : in_block_ ? 'T' : 'I'; }

  /// Runs one statement to its end. May wait for the write lock.
  [[nodiscard]] boost::asio::awaitable<std::variant<Result, SqlError>>
  execute(const std::string& statement, const std::vector<Parameter>& parameters);
  /// Columns that a statement would return, without running it.
  [[nodiscard]] std::variant<std::vector<Column>, SqlError> describe(const std::string& statement);
  /// Several statements that were sent as one are one transaction, which nobody asked for by name: `status` stays idle.
  void begin_implicit();
  /// Commits it, or rolls it back after a failure; nothing to do when there is none.
  [[nodiscard]] std::optional<SqlError> end_implicit();
  /// The transaction, if there is one, can only be rolled back.
  void fail() { failed_ = in_block_; }

private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };

  std::variant<sqlite3_stmt*, SqlError> prepare(const std::string& sql);
  std::variant<Result, SqlError> step(sqlite3_stmt* statement, const std::string& keyword);
  std::optional<Result> control(const Translated& statement, const std::string& original,
                                std::optional<SqlError>& error);
  boost::asio::awaitable<std::optional<SqlError>> begin_writing();
  std::optional<SqlError> end_writing(const char* how);
  bool run(const char* transaction_statement);
  [[nodiscard]] SqlError last_error() const;
  void set(const std::string& statement, std::optional<SqlError>& error);

  std::unique_ptr<sqlite3, Close> database_;
  WriteLock& lock_;
  async::Duration lock_timeout_{};
  bool in_block_ = false;
  bool implicit_ = false;
  bool failed_ = false;
  bool writing_ = false;
  std::unordered_map<std::string, Prepared> cache_;
  Remembered<Translated> translations_;
};

} // namespace holdfast::fakes
