// Registers all functions, aggregates and the collation pg_numeric with a session's database, and carries errors
// through SQLite, which knows only a message: an SqlError is packed into one text and unpacked by `error_in`.
#include "fakes/postgres/functions.hpp"

#include "fakes/postgres/decimal.hpp"

#include <algorithm>

namespace holdfast::fakes::pg {

namespace {

constexpr char mark = '\x01'; ///< between the parts of an error

struct Registered {
  SqlFunction function;
  Environment* environment;
};

void run(sqlite3_context* context, int count, sqlite3_value** values) {
  const auto& registered = *static_cast<const Registered*>(sqlite3_user_data(context));
  const Arguments arguments(values, static_cast<std::size_t>(count));
  if (registered.function.nulls == SqlFunction::Nulls::give_null &&
      std::any_of(arguments.begin(), arguments.end(), [](auto* one) { return sqlite3_value_type(one) == SQLITE_NULL; }))
    return sqlite3_result_null(context);
  try {
    set_result(context, registered.function.result, registered.function.run(*registered.environment, arguments));
  } catch (const SqlFailure& failure) { // SQLite is C: nothing may be thrown through it
    set_error(context, failure.error);
  }
}

/// Numerics are kept as text; this compares them as numbers, so that 1.0 equals 1.00 and 9 comes before 10.
int by_value(void*, int size_a, const void* a, int size_b, const void* b) {
  const auto x = parse_decimal({static_cast<const char*>(a), static_cast<std::size_t>(size_a)});
  const auto y = parse_decimal({static_cast<const char*>(b), static_cast<std::size_t>(size_b)});
  return x && y ? compare(*x, *y) : 0;
}

} // namespace

void set_error(sqlite3_context* context, const SqlError& error) {
  const auto message = mark + error.state + mark + error.message + mark + error.hint + mark + error.table + mark +
                       error.column + mark + error.detail;
  sqlite3_result_error(context, message.c_str(), static_cast<int>(message.size()));
}

std::optional<SqlError> error_in(std::string_view message) {
  if (!message.starts_with(mark))
    return std::nullopt;
  std::vector<std::string> parts;
  for (message.remove_prefix(1); parts.size() < 6;) {
    const auto end = message.find(mark);
    parts.emplace_back(message.substr(0, end));
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
  }
  return SqlError{parts[0], parts[1], parts[2], parts[5], parts[3], parts[4]};
}

void add_functions(sqlite3* database, Environment& environment) {
  environment.database = database;
  for (const auto& group :
       {number_functions(), text_functions(), moment_functions(), document_functions(), session_functions()})
    for (const auto& function : group)
      sqlite3_create_function_v2(database, function.name, function.arguments,
                                 SQLITE_UTF8 | (function.pure ? SQLITE_DETERMINISTIC : 0),
                                 new Registered{function, &environment}, run, nullptr, nullptr,
                                 [](void* registered) { delete static_cast<Registered*>(registered); });
  add_aggregates(database);
  sqlite3_create_collation_v2(database, "pg_numeric", SQLITE_UTF8, nullptr, by_value, nullptr);
}

} // namespace holdfast::fakes::pg
