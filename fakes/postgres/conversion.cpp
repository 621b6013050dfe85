// Values between types, as a cast or an assignment asks for it, and between SQLite and here. Analyzer has allowed the
// conversion before the statement runs; here the value itself may still not fit, which is an error.
#include "fakes/postgres/decimal.hpp"
#include "fakes/postgres/json.hpp"
#include "fakes/postgres/moment.hpp"
#include "fakes/postgres/value.hpp"
#include "fakes/postgres/wire.hpp"

#include <cmath>
#include <cstdlib>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

/// Characters, not bytes.
std::size_t length(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text)
    count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

/// Cuts a text to the length of a varchar or char, in an assignment only blanks at its end; fills a char with blanks.
std::string fitted_text(std::string text, TypeName to, Cast cast) {
  if (to.modifier < 4)
    return text;
  const auto limit = static_cast<std::size_t>(to.modifier - 4);
  while (length(text) > limit) {
    if (cast == Cast::assignment && text.back() != ' ')
      fail("22001", fmt::format("value too long for type {}", title_of(to)));
    do
      text.pop_back();
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0xC0U)
      text.pop_back();
  }
  if (to.type == Type::bpchar)
    text.append(limit - length(text), ' ');
  return text;
}

std::int64_t fitted_integer(std::int64_t value, Type type) {
  const bool fits = type == Type::int8 || (type == Type::int4 && value == static_cast<std::int32_t>(value)) ||
                    (type == Type::int2 && value == static_cast<std::int16_t>(value)) || type == Type::oid;
  if (!fits)
    fail("22003", fmt::format("{} out of range", info(type).title));
  return value;
}

/// Rounds to the scale of a numeric(p,s); more digits than its precision are an error even in a cast.
std::string fitted_numeric(const Decimal& value, int modifier) {
  if (modifier < 4)
    return to_text(value);
  const auto shape = numeric_shape(modifier);
  const auto result = rounded(value, shape.scale);
  const boost::multiprecision::cpp_int magnitude = abs(result.digits);
  if (magnitude != 0 && static_cast<int>(magnitude.str().size()) > shape.precision)
    throw SqlFailure{{"22003", "numeric field overflow", "",
                      fmt::format("A field with precision {}, scale {} must round to an absolute value less than "
                                  "10^{}.",
                                  shape.precision, shape.scale, shape.precision - shape.scale)}};
  return to_text(result);
}

/// Fifteen digits of a double, as PostgreSQL takes it for a numeric: more would show its binary rounding.
Decimal decimal_of(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return {*number, 0};
  if (const auto* number = std::get_if<double>(&value))
    return parse_decimal(fmt::format("{:.15g}", *number)).value_or(Decimal{});
  return parse_decimal(std::get<std::string>(value)).value_or(Decimal{});
}

Value to_integer(const Value& value, Type from, Type to) {
  if (from == Type::numeric) {
    const auto whole = rounded(decimal_of(value), 0);
    const auto text = to_text(whole);
    if (text.size() > 20 || whole.digits > INT64_MAX || whole.digits < INT64_MIN)
      fail("22003", fmt::format("{} out of range", info(to).title));
    return fitted_integer(static_cast<std::int64_t>(whole.digits), to);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    // To the nearest, halves to even: numerics round halves away from zero, floats do not.
    const auto whole = std::nearbyint(*number);
    if (!(std::abs(whole) < 9.3e18))
      fail("22003", fmt::format("{} out of range", info(to).title));
    return fitted_integer(static_cast<std::int64_t>(whole), to);
  }
  return fitted_integer(std::get<std::int64_t>(value), to);
}

/// Infinities stay what they are: multiplied by the microseconds of a day they would overflow.
Value between_moments(std::int64_t value, Type from, Type to) {
  if (from == to || value == forever || value == always_before)
    return value;
  if (to == Type::date)
    return floor_days(value);
  if (to == Type::time)
    return value - floor_days(value) * day_us;
  return from == Type::date ? value * day_us : value; // the fake's zone is UTC: with and without it are the same
}

/// Arrays are JSON of what their elements are by themselves.
std::string converted_array(const std::string& json, Type from, Type to, Cast cast) {
  std::string out = "[";
  const auto array = parse_json(json);
  for (const auto& item : array ? array->items : std::vector<Json>{}) {
    out += out.size() > 1 ? "," : "";
    if (item.kind == Json::Kind::null) {
      out += "null";
      continue;
    }
    Value value = item.text;
    if (item.kind != Json::Kind::string && is_real(from))
      value = std::strtod(item.text.c_str(), nullptr);
    else if (item.kind != Json::Kind::string)
      value = static_cast<std::int64_t>(std::strtoll(item.text.c_str(), nullptr, 10));
    const auto result = converted(value, from, {to}, cast);
    const auto* text = std::get_if<std::string>(&result);
    out += text != nullptr ? quoted_json(*text) : sql_literal(to, result);
  }
  return out + "]";
}

} // namespace

Value converted(const Value& value, Type from, TypeName to, Cast cast) {
  if (std::holds_alternative<std::monostate>(value))
    return value;
  const auto type = to.type;
  if (is_array(from) && is_array(type))
    return converted_array(std::get<std::string>(value), element_of(from), element_of(type), cast);
  if (is_text(type))
    return fitted_text(is_text(from)           ? std::get<std::string>(value)
                       : from == Type::boolean ? std::string(std::get<std::int64_t>(value) != 0 ? "true" : "false")
                                               : show_text(from, value),
                       to, cast);
  if (is_text(from) && type != Type::numeric)
    return read_text(to, std::get<std::string>(value));
  if (is_integer(type)) {
    if (from == Type::jsonb)
      return to_integer(std::get<std::string>(value), Type::numeric, type);
    return to_integer(value, from, type);
  }
  if (type == Type::numeric) {
    if (is_text(from) && !parse_decimal(std::get<std::string>(value)))
      return read_text(to, std::get<std::string>(value));
    return fitted_numeric(decimal_of(value), to.modifier);
  }
  if (is_real(type)) {
    const auto* number = std::get_if<double>(&value);
    const double real = number != nullptr ? *number
                        : std::holds_alternative<std::int64_t>(value)
                            ? static_cast<double>(std::get<std::int64_t>(value))
                            : std::strtod(std::get<std::string>(value).c_str(), nullptr);
    return type == Type::float4 ? static_cast<double>(static_cast<float>(real)) : real;
  }
  if ((is_moment(type) || type == Type::time) && std::holds_alternative<std::int64_t>(value))
    return between_moments(std::get<std::int64_t>(value), from, type);
  if (type == Type::boolean && is_integer(from))
    return std::int64_t{std::get<std::int64_t>(value) != 0};
  if (type == Type::boolean && from == Type::jsonb)
    return std::int64_t{std::get<std::string>(value) == "true"};
  if (type == Type::jsonb && from == Type::json)
    return canonical(*parse_json(std::get<std::string>(value)));
  if (type == Type::interval && from == Type::time)
    return stored({0, 0, std::get<std::int64_t>(value)});
  return value; // the same in storage: between arrays of kin, jsonb to json
}

void bind(sqlite3_stmt* statement, int index, Type type, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, index, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (type == Type::bytea)
      sqlite3_bind_blob(statement, index, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
    else
      sqlite3_bind_text(statement, index, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

/// The blob and not the text: it comes without a conversion, and with its zero bytes.
Value value_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
  case SQLITE_NULL:
    return {};
  case SQLITE_INTEGER:
    return static_cast<std::int64_t>(sqlite3_value_int64(value));
  case SQLITE_FLOAT:
    return sqlite3_value_double(value);
  default:
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
    return std::string(bytes == nullptr ? "" : bytes, static_cast<std::size_t>(sqlite3_value_bytes(value)));
  }
}

Value value_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
  case SQLITE_NULL:
    return {};
  case SQLITE_INTEGER:
    return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
  case SQLITE_FLOAT:
    return sqlite3_column_double(statement, column);
  default:
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
    return std::string(bytes == nullptr ? "" : bytes,
                       static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
  }
}

void set_result(sqlite3_context* context, Type type, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_result_int64(context, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_result_double(context, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (type == Type::bytea)
      sqlite3_result_blob(context, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
    else
      sqlite3_result_text(context, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_result_null(context);
  }
}

} // namespace holdfast::fakes::pg
