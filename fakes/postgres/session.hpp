// One client's session: its transaction, settings, cursors, and the statements that SQLite has prepared for it.
#pragma once

#include "fakes/postgres/server.hpp"

#include <unordered_map>

namespace holdfast::fakes::pg {

struct Result {
  bool has_rows = false; ///< though there may be none, or none with columns
  std::vector<Column> columns;
  std::vector<std::vector<Value>> rows;
  std::string tag;
  std::vector<SqlError> notices;
};
using Outcome = std::variant<Result, SqlError>;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Compiled = std::unique_ptr<sqlite3_stmt, Finalize>;

/// A statement that was read once and may be run many times.
struct Statement {
  std::string text;
  std::vector<Type> declared;
  std::string keyword;
  Words control;                    ///< of a statement about the session; empty when it is about data
  std::shared_ptr<Statement> query; ///< of DECLARE … CURSOR FOR
  Plan plan;
  std::uint64_t epoch = 0;
  std::vector<Compiled> compiled;
};

inline const SqlError aborted{"25P02",
                              "current transaction is aborted, commands ignored until end of transaction block"};

class Session {
public:
  Session(Server& server, const std::string& database, const std::string& user);
  ~Session(); ///< rolls back
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] std::int32_t pid() const { return environment_.pid; }
  [[nodiscard]] std::int32_t secret() const { return secret_; }
  [[nodiscard]] Settings& settings() { return environment_.settings; }
  /// 'I' idle, 'T' in a transaction, 'E' in a failed one.
  [[nodiscard]] char status() const { return implicit_ ? 'I' : failed_ ? 'E' : in_block_ ? 'T' : 'I'; }

  /// Reads a statement; from the cache when it is known.
  [[nodiscard]] std::variant<std::shared_ptr<Statement>, SqlError> prepare(const std::string& text,
                                                                           const std::vector<Type>& declared);
  /// Columns that a statement will return; nothing when it returns no rows.
  [[nodiscard]] std::variant<std::optional<std::vector<Column>>, SqlError> describe(Statement& statement);
  /// Of a cursor that was declared; null when there is none.
  [[nodiscard]] const std::vector<Column>* describe_cursor(const std::string& name) const;
  /// Runs it to its end. May wait: for the write lock, in pg_sleep.
  [[nodiscard]] boost::asio::awaitable<Outcome> execute(std::shared_ptr<Statement> statement,
                                                        std::vector<Value> values);

  /// Several statements of one message, or all up to a Sync, are one transaction that the client did not begin by name:
  /// `status` stays idle. Does nothing inside of a block.
  void begin_implicit();
  /// Commits it, or rolls it back after a failure; nothing to do when there is none.
  [[nodiscard]] std::optional<SqlError> end_implicit();
  /// The transaction, if there is one, can only be rolled back.
  void fail_transaction() { failed_ = in_block_; }

  /// Another session's cancel request or pg_terminate_backend.
  void interrupt(bool ends);
  [[nodiscard]] bool ended() const { return ended_; }
  /// Set by the connection, which keeps what the client has prepared by name: DISCARD and DEALLOCATE call it.
  std::function<void(const std::string& name)> forget_prepared; ///< empty: all

private:
  struct Savepoint {
    std::string name;
    Settings::Snapshot settings;
  };
  struct Cursor {
    Result result;
    std::size_t position = 0; ///< rows that lie behind; one more than there are: after the last
    bool holds = false;
  };

  // session.cpp
  std::shared_ptr<Statement> known(const std::string& text, const std::vector<Type>& declared);
  void forget_definitions();
  Plan find_plan(const Statement& statement);
  void plan(Statement& statement);
  void compile(Statement& statement);
  Result run(Statement& statement, const std::vector<Value>& values);
  boost::asio::awaitable<Outcome> run_data(Statement& statement, const std::vector<Value>& values);
  boost::asio::awaitable<std::optional<SqlError>> begin_writing(Locking locking, std::string table);
  using End = Settings::End;
  std::optional<SqlError> end_writing(End how);
  bool run_always(Compiled& compiled, const char* sql);
  boost::asio::awaitable<std::optional<SqlError>> sleep();
  void allow_write(const Statement& statement) const;
  [[nodiscard]] SqlError last_error(const Statement* statement) const;
  [[nodiscard]] std::optional<async::Time> deadline(std::chrono::milliseconds limit) const;
  SqlError interrupted();

  // control.cpp: statements about the session
  boost::asio::awaitable<Outcome> control(const Statement& statement, const std::vector<Value>& values);
  std::optional<Outcome> transaction_control(const Statement& statement);
  std::optional<Outcome> savepoint_control(const Statement& statement);
  Outcome begin(const Words& words);
  Outcome commit();
  Outcome rollback();
  void begin_block();
  void end_block(bool commits);
  void transaction_modes(const Words& words, std::size_t at);
  Result set(const Words& words);
  Result reset(const Words& words);
  Result show(const Words& words) const;
  Result discard(const Words& words);

  // cursors.cpp
  void plan_cursor(Statement& statement);
  boost::asio::awaitable<Outcome> declare(const Statement& statement, const std::vector<Value>& values);
  Result fetch(const Words& words);
  Result close_cursor(const Words& words);
  [[nodiscard]] Cursor& cursor(const std::string& name);

  Server& server_;
  Database& shared_;
  Environment environment_;
  OpenDatabase database_;
  Compiled begin_, commit_, rollback_; ///< once they have been needed
  Catalog catalog_;
  std::int32_t secret_ = 0;
  std::uint64_t epoch_ = 0;
  std::unordered_map<std::string, std::vector<std::shared_ptr<Statement>>> known_;
  bool in_block_ = false;
  bool implicit_ = false;
  bool failed_ = false;
  bool writing_ = false;
  bool defined_ = false; ///< this transaction has changed definitions
  bool interrupted_ = false;
  bool ended_ = false;
  std::vector<Savepoint> savepoints_;
  std::map<std::string, Cursor> cursors_;
};

/// Words that `prepare` hands to `control`.
[[nodiscard]] bool is_control(std::string_view keyword);

} // namespace holdfast::fakes::pg
