// The functions, aggregates and collations that SQLite needs for what `plan_of` writes. Each is one session's.
#pragma once

#include "fakes/postgres/settings.hpp"
#include "fakes/postgres/value.hpp"

#include <functional>
#include <map>
#include <span>

namespace holdfast::fakes::pg {

/// Where sequences stand. Not in the database: what a transaction has drawn stays drawn when it is rolled back.
struct Sequence {
  std::int64_t value = 0;
  bool called = false;
};
using Sequences = std::map<std::int64_t, Sequence>; ///< by the id in holdfast_sequences

/// What functions may see and change of their session.
struct Environment {
  sqlite3* database = nullptr;
  Sequences* sequences = nullptr;
  Settings settings = {};
  std::string database_name = {}, user = {};
  std::int32_t pid = 0;
  std::int64_t transaction_us = 0, statement_us = 0;
  struct KnownSequence {
    std::int64_t id, start, step;
  };
  std::map<std::string, KnownSequence> known_sequences = {}; ///< until a definition changes
  std::map<std::string, std::int64_t> drawn = {};            ///< by nextval in this session
  std::optional<std::int64_t> last_drawn = {};
  double sleep_seconds = 0;                                ///< asked for by pg_sleep
  std::function<bool(std::int32_t pid, bool ends)> signal; ///< pg_cancel_backend, pg_terminate_backend
};

using Arguments = std::span<sqlite3_value*>;
struct SqlFunction {
  const char* name;
  int arguments; ///< -1: any number
  Value (*run)(Environment&, Arguments);
  enum class Nulls { give_null, are_values } nulls = Nulls::give_null; ///< what a null argument does
  bool pure = true;                                                    ///< the same for the same arguments
  Type result = Type::text;                                            ///< only bytea makes a difference
};

/// One file a group.
[[nodiscard]] std::vector<SqlFunction> number_functions();
[[nodiscard]] std::vector<SqlFunction> text_functions();
[[nodiscard]] std::vector<SqlFunction> moment_functions();
[[nodiscard]] std::vector<SqlFunction> document_functions();
[[nodiscard]] std::vector<SqlFunction> session_functions();
void add_aggregates(sqlite3* database);

/// `environment` must outlive the database.
void add_functions(sqlite3* database, Environment& environment);

/// SQLite passes on only a message from a function that fails: these pack an SqlError into one and read it back.
/// `error_in` gives nothing for a message of SQLite's own.
void set_error(sqlite3_context* context, const SqlError& error);
[[nodiscard]] std::optional<SqlError> error_in(std::string_view sqlite_message);

[[nodiscard]] inline std::int64_t integer(sqlite3_value* value) {
  return sqlite3_value_int64(value);
}
[[nodiscard]] inline std::string text(sqlite3_value* value) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return bytes == nullptr ? std::string{} : std::string(bytes, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

} // namespace holdfast::fakes::pg
