// One value as SQLite keeps it, and its ways in and out: text, binary, SQL literal.
#pragma once

#include "fakes/postgres/types.hpp"

#include <cstdint>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::fakes::pg {

/// Null; integers, booleans and moments; floats; everything else, a bytea's bytes among it. Arrays are JSON of what
/// their elements would be.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

/// What a client wrote. Throws SqlFailure with PostgreSQL's state when it is none of the type.
[[nodiscard]] Value read_text(TypeName type, std::string_view text);
[[nodiscard]] Value read_binary(TypeName type, std::string_view bytes);
/// What a client is shown. The value is not null.
[[nodiscard]] std::string show_text(Type type, const Value& value);
[[nodiscard]] std::string show_binary(Type type, const Value& value);

/// Makes a value of one type one of another; throws when it cannot be. An explicit cast cuts what is too long.
enum class Cast { assignment, explicit_ };
[[nodiscard]] Value converted(const Value& value, Type from, TypeName to, Cast cast);

[[nodiscard]] std::string sql_literal(Type type, const Value& value);
void bind(sqlite3_stmt* statement, int index, Type type, const Value& value);
[[nodiscard]] Value value_of(sqlite3_value* value);
[[nodiscard]] Value value_of(sqlite3_stmt* statement, int column);
void set_result(sqlite3_context* context, Type type, const Value& value);

} // namespace holdfast::fakes::pg
