#include "fakes/postgres/database.hpp"

#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <set>
#include <sstream>
#include <stdexcept>

namespace holdfast::fakes {

namespace {

using protocol::lower;

void now(sqlite3_context* context, int, sqlite3_value**) {
  const auto time = std::chrono::system_clock::now();
  const auto text = fmt::format("{:%Y-%m-%d %H:%M:%S}+00", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
  sqlite3_result_text(context, text.c_str(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

std::optional<std::int64_t> big_endian(const std::string& bytes) {
  if (bytes.size() != 2 && bytes.size() != 4 && bytes.size() != 8)
    return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : bytes)
    bits = bits << 8U | static_cast<unsigned char>(c);
  if (bytes.size() == 2)
    return static_cast<std::int16_t>(bits);
  if (bytes.size() == 4)
    return static_cast<std::int32_t>(bits);
  return static_cast<std::int64_t>(bits);
}

/// Binds one wire parameter. SQLite gives a text the affinity of the column that it meets, as PostgreSQL infers types.
std::optional<SqlError> bind(sqlite3_stmt* statement, int index, const Parameter& parameter) {
  if (!parameter.value)
    return sqlite3_bind_null(statement, index), std::nullopt;
  const auto& value = *parameter.value;
  const auto text = [&] {
    sqlite3_bind_text(statement, index, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
  };
  constexpr int boolean = 16, bytea = 17, int8 = 20, int2 = 21, int4 = 23, float8 = 701;
  if (parameter.format == 0) {
    std::int64_t integer = 0;
    const auto* end = value.data() + value.size();
    if (parameter.type == boolean)
      sqlite3_bind_int(statement, index, value == "t" || value == "true" || value == "1" ? 1 : 0);
    else if (const bool whole = std::from_chars(value.data(), end, integer).ptr == end && !value.empty();
             whole && (parameter.type == int8 || parameter.type == int4 || parameter.type == int2))
      sqlite3_bind_int64(statement, index, integer);
    else
      text();
    return std::nullopt;
  }
  if (parameter.type == int8 || parameter.type == int4 || parameter.type == int2) {
    const auto integer = big_endian(value);
    if (!integer)
      return SqlError{"22P03", "incorrect binary data format in a bind parameter"};
    sqlite3_bind_int64(statement, index, *integer);
  } else if (parameter.type == boolean && value.size() == 1) {
    sqlite3_bind_int(statement, index, value[0]);
  } else if (parameter.type == float8 && value.size() == 8) {
    sqlite3_bind_double(statement, index, std::bit_cast<double>(*big_endian(value)));
  } else if (parameter.type == bytea) {
    sqlite3_bind_blob(statement, index, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
  } else if (parameter.type == 25 || parameter.type == 1043 || parameter.type == 0) {
    text(); // text is the same in both formats
  } else {
    return SqlError{"0A000",
                    fmt::format("the postgres fake does not take binary parameters of type {}", parameter.type)};
  }
  return std::nullopt;
}

std::optional<std::string> read_value(sqlite3_stmt* statement, int column, int type) {
  if (sqlite3_column_type(statement, column) == SQLITE_NULL)
    return std::nullopt;
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  std::string value(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
  if (type == 16)
    return value == "0" || value == "f" || value == "false" ? "f" : "t";
  return value;
}

std::vector<Column> columns_of(sqlite3_stmt* statement) {
  std::vector<Column> columns;
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    const char* declared = sqlite3_column_decltype(statement, i);
    std::string name = sqlite3_column_name(statement, i);
    // PostgreSQL calls the column of an expression after its function; SQLite after its text.
    int type = type_of_column(declared);
    if (const auto open = name.find('('); open != std::string::npos) {
      name = lower(name.substr(0, open));
      if (name == "count")
        type = 20;
    }
    columns.push_back({name, type});
  }
  return columns;
}

bool writes(const std::string& keyword) {
  static const std::set<std::string> all = {"insert", "update", "delete",   "create",
                                            "drop",   "alter",  "truncate", "replace"};
  return all.contains(keyword);
}

} // namespace

Session::Session(MemoryFiles& files, WriteLock& lock) : lock_(lock) {
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2("fake.sqlite", &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, files.name());
  database_.reset(opened);
  if (status != SQLITE_OK)
    throw std::runtime_error(fmt::format("the postgres fake cannot open its database: {}", sqlite3_errmsg(opened)));
  // A writer's pages stay in its own cache until it commits (no spill): others read what is committed, beside it, where
  // it lies (any mmap_size above zero says so). The data need not survive the harness.
  sqlite3_exec(opened,
               "PRAGMA journal_mode=MEMORY; PRAGMA temp_store=MEMORY; PRAGMA synchronous=OFF; PRAGMA cache_spill=OFF; "
               "PRAGMA mmap_size=268435456; PRAGMA foreign_keys=ON",
               nullptr, nullptr, nullptr);
  sqlite3_create_function(opened, "now", 0, SQLITE_UTF8, nullptr, now, nullptr, nullptr);
}

Session::~Session() {
  cache_.clear();
  if (writing_)
    (void)end_writing("ROLLBACK");
}

SqlError Session::last_error() const {
  const std::string message = sqlite3_errmsg(database_.get());
  switch (sqlite3_extended_errcode(database_.get())) {
  case SQLITE_CONSTRAINT_PRIMARYKEY:
  case SQLITE_CONSTRAINT_UNIQUE:
  case SQLITE_CONSTRAINT_ROWID:
    return {"23505", "duplicate key value violates unique constraint: " + message};
  case SQLITE_CONSTRAINT_FOREIGNKEY:
    return {"23503", "insert or update violates foreign key constraint"};
  case SQLITE_CONSTRAINT_CHECK:
    return {"23514", "new row violates check constraint: " + message};
  case SQLITE_CONSTRAINT_NOTNULL:
    return {"23502", "null value violates not-null constraint: " + message};
  default:
    break;
  }
  switch (sqlite3_errcode(database_.get())) {
  case SQLITE_FULL:
    return {"53100", "could not write: " + message};
  case SQLITE_IOERR:
    return {"58030", "could not read or write: " + message};
  case SQLITE_MISMATCH:
    return {"22P02", "invalid input: " + message};
  default:
    break;
  }
  if (message.starts_with("no such table: "))
    return {"42P01", fmt::format("relation \"{}\" does not exist", message.substr(15))};
  if (message.starts_with("no such column: "))
    return {"42703", fmt::format("column \"{}\" does not exist", message.substr(16))};
  if (message.ends_with("already exists"))
    return {"42P07", message};
  if (message.starts_with("no such function: "))
    return {"42883", fmt::format("function {} does not exist", message.substr(18))};
  return {"42601", message, "the postgres fake runs on SQLite: if PostgreSQL takes this, use provider = \"server\""};
}

std::variant<sqlite3_stmt*, SqlError> Session::prepare(const std::string& sql) {
  if (const auto found = cache_.find(sql); found != cache_.end())
    return found->second.get();
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return last_error();
  if (cache_.size() > 200)
    cache_.clear();
  return cache_.emplace(sql, Prepared(statement)).first->second.get();
}

std::variant<std::vector<Column>, SqlError> Session::describe(const std::string& statement) {
  const auto& translated = translations_.of(statement, translate);
  static const std::set<std::string> without_rows = {"begin",   "start",  "commit",    "end",     "rollback",
                                                     "abort",   "set",    "savepoint", "release", "reset",
                                                     "discard", "listen", ""};
  if (without_rows.contains(translated.keyword))
    return std::vector<Column>{};
  if (translated.keyword == "show")
    return std::vector<Column>{{"setting", 25}};
  auto prepared = prepare(translated.sql);
  if (auto* error = std::get_if<SqlError>(&prepared))
    return *error;
  return columns_of(std::get<sqlite3_stmt*>(prepared));
}

boost::asio::awaitable<std::optional<SqlError>> Session::begin_writing() {
  if (writing_)
    co_return std::nullopt;
  if (!co_await lock_.acquire(lock_timeout_))
    co_return SqlError{"55P03", "canceling statement due to lock timeout"};
  if (!run("BEGIN IMMEDIATE")) {
    lock_.release();
    co_return last_error();
  }
  writing_ = true;
  co_return std::nullopt;
}

/// Compiled once, like clients' statements. False when it failed; `last_error` says why.
bool Session::run(const char* transaction_statement) {
  auto prepared = prepare(transaction_statement);
  auto* const* compiled = std::get_if<sqlite3_stmt*>(&prepared);
  if (compiled == nullptr)
    return false;
  (void)sqlite3_step(*compiled);
  return sqlite3_reset(*compiled) == SQLITE_OK;
}

std::optional<SqlError> Session::end_writing(const char* how) {
  if (!writing_)
    return std::nullopt;
  std::optional<SqlError> error;
  if (!run(how)) {
    error = last_error();
    (void)run("ROLLBACK");
  }
  writing_ = false;
  lock_.release();
  return error;
}

void Session::set(const std::string& statement, std::optional<SqlError>& error) {
  std::string text = lower(statement);
  std::replace(text.begin(), text.end(), '=', ' ');
  std::replace(text.begin(), text.end(), '\'', ' ');
  std::istringstream words(text);
  std::string word, name, value, unit;
  words >> word >> name;
  if (name == "local" || name == "session")
    words >> name;
  words >> value;
  if (value == "to")
    words >> value;
  words >> unit;
  if (name != "lock_timeout")
    return; // other settings change nothing that the fake does
  long long amount = 0;
  const auto [rest, failed] = std::from_chars(value.data(), value.data() + value.size(), amount);
  const std::string_view suffix(rest, static_cast<std::size_t>(value.data() + value.size() - rest));
  if (failed != std::errc{} || amount < 0)
    error = SqlError{"22023", "invalid value for parameter \"lock_timeout\""};
  else
    lock_timeout_ = std::chrono::milliseconds(suffix == "s" ? amount * 1000 : amount);
}

/// Statements about transactions and settings, which SQLite must not see. Nothing when it is not one of them.
std::optional<Result> Session::control(const Translated& statement, const std::string& original,
                                       std::optional<SqlError>& error) {
  const auto& keyword = statement.keyword;
  if (keyword == "begin" || keyword == "start") {
    in_block_ = true;
    implicit_ = false;
    return Result{{}, {}, "BEGIN"};
  }
  if (keyword == "commit" || keyword == "end") {
    const bool failed = std::exchange(failed_, false);
    in_block_ = implicit_ = false;
    error = end_writing(failed ? "ROLLBACK" : "COMMIT");
    return Result{{}, {}, failed ? "ROLLBACK" : "COMMIT"};
  }
  if ((keyword == "rollback" && lower(original).find(" to ") == std::string::npos) || keyword == "abort") {
    failed_ = in_block_ = implicit_ = false;
    error = end_writing("ROLLBACK");
    return Result{{}, {}, "ROLLBACK"};
  }
  if (failed_) {
    error = SqlError{"25P02", "current transaction is aborted, commands ignored until end of transaction block"};
    return Result{};
  }
  if (keyword == "set") {
    set(original, error);
    return Result{{}, {}, "SET"};
  }
  if (keyword == "reset" || keyword == "discard")
    return Result{{}, {}, keyword == "reset" ? "RESET" : "DISCARD ALL"};
  if (keyword == "show") {
    const bool version = lower(original).find("server_version") != std::string::npos;
    return Result{{{"setting", 25}}, {{version ? "15.0 (holdfast fake)" : ""}}, "SHOW"};
  }
  static const std::set<std::string> refused = {"listen",    "notify",  "unlisten", "copy",  "lock",    "vacuum",
                                                "grant",     "revoke",  "declare",  "fetch", "prepare", "execute",
                                                "savepoint", "release", "rollback", "do",    "call",    "explain",
                                                "pragma",    "attach",  "detach"};
  if (refused.contains(keyword)) {
    error = SqlError{"0A000", fmt::format("the postgres fake does not support {}", keyword),
                     "use provider = \"server\" for it"};
    return Result{};
  }
  return std::nullopt;
}

boost::asio::awaitable<std::variant<Result, SqlError>> Session::execute(const std::string& original,
                                                                        const std::vector<Parameter>& parameters) {
  const auto& statement = translations_.of(original, translate);
  const auto failed = [this](SqlError error) -> std::variant<Result, SqlError> {
    failed_ = in_block_;
    return error;
  };
  std::optional<SqlError> error;
  const bool serial = (statement.keyword == "begin" || statement.keyword == "start") &&
                      lower(original).find("isolation level") != std::string::npos &&
                      lower(original).find("read committed") == std::string::npos;
  if (auto result = control(statement, original, error)) {
    // Above read committed a transaction must not see others' commits: the fake lets nobody else write meanwhile.
    if (serial && !error)
      error = co_await begin_writing();
    if (error)
      co_return failed(*error);
    co_return *result;
  }
  const bool write = writes(statement.keyword) || statement.locks_rows || statement.keyword == "with";
  const bool own_transaction = write && !in_block_;
  if (write) {
    error = co_await begin_writing();
    if (error)
      co_return failed(*error);
  }
  std::variant<Result, SqlError> outcome;
  auto prepared = prepare(statement.sql);
  if (auto* bad = std::get_if<SqlError>(&prepared)) {
    outcome = *bad;
  } else {
    auto* compiled = std::get<sqlite3_stmt*>(prepared);
    for (std::size_t i = 0; i < parameters.size() && !error; ++i)
      if (const int index = sqlite3_bind_parameter_index(compiled, fmt::format("${}", i + 1).c_str()); index != 0)
        error = bind(compiled, index, parameters[i]);
    if (error)
      outcome = *error;
    else
      outcome = step(compiled, statement.keyword);
    sqlite3_reset(compiled);
    sqlite3_clear_bindings(compiled);
    // Column types of cached statements may have changed.
    if (statement.keyword == "create" || statement.keyword == "drop" || statement.keyword == "alter")
      cache_.clear();
  }
  const bool bad = std::holds_alternative<SqlError>(outcome);
  if (own_transaction) {
    if (auto ending = end_writing(bad ? "ROLLBACK" : "COMMIT"); ending && !bad)
      outcome = *ending;
  }
  if (bad)
    co_return failed(std::get<SqlError>(outcome));
  co_return outcome;
}

void Session::begin_implicit() {
  if (in_block_)
    return;
  in_block_ = implicit_ = true;
}

std::optional<SqlError> Session::end_implicit() {
  if (!implicit_)
    return std::nullopt;
  const bool failed = std::exchange(failed_, false);
  in_block_ = implicit_ = false;
  return end_writing(failed ? "ROLLBACK" : "COMMIT");
}

std::variant<Result, SqlError> Session::step(sqlite3_stmt* statement, const std::string& keyword) {
  Result result;
  result.columns = columns_of(statement);
  for (;;) {
    const int status = sqlite3_step(statement);
    if (status == SQLITE_DONE)
      break;
    if (status != SQLITE_ROW)
      return last_error();
    auto& row = result.rows.emplace_back();
    for (std::size_t i = 0; i < result.columns.size(); ++i)
      row.push_back(read_value(statement, static_cast<int>(i), result.columns[i].type));
  }
  const int changes = sqlite3_changes(database_.get());
  if (keyword == "insert")
    result.tag = fmt::format("INSERT 0 {}", changes);
  else if (keyword == "update")
    result.tag = fmt::format("UPDATE {}", changes);
  else if (keyword == "delete")
    result.tag = fmt::format("DELETE {}", changes);
  else if (keyword == "create" || keyword == "drop" || keyword == "alter") {
    result.tag = keyword == "create" ? "CREATE TABLE" : keyword == "drop" ? "DROP TABLE" : "ALTER TABLE";
  } else
    result.tag = fmt::format("SELECT {}", result.rows.size());
  return result;
}

} // namespace holdfast::fakes
