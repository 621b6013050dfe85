// Values in the text form that clients send and are shown, and as literals for SQLite. Literals of a statement pass
// through here when it is planned, parameters when they are bound.
#include "fakes/postgres/decimal.hpp"
#include "fakes/postgres/json.hpp"
#include "fakes/postgres/moment.hpp"
#include "fakes/postgres/value.hpp"
#include "fakes/postgres/wire.hpp"
#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

[[noreturn]] void malformed(Type type, std::string_view text) {
  fail("22P02", fmt::format("invalid input syntax for type {}: \"{}\"", info(type).title, text));
}

std::int64_t read_integer(Type type, std::string_view text) {
  auto digits = trimmed(text);
  if (digits.starts_with('+'))
    digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error == std::errc::invalid_argument || rest != digits.data() + digits.size())
    malformed(type, text);
  const bool fits = type == Type::int8 || (type == Type::int4 && value == static_cast<std::int32_t>(value)) ||
                    (type == Type::int2 && value == static_cast<std::int16_t>(value)) ||
                    (type == Type::oid && value == static_cast<std::uint32_t>(value));
  if (error != std::errc{} || !fits)
    fail("22003", fmt::format("value \"{}\" is out of range for type {}", text, info(type).title));
  return value;
}

/// Any unambiguous beginning of the words will do: "t", "tru", but not "o", which could be on or off.
bool read_boolean(std::string_view text) {
  const auto low = protocol::lower(trimmed(text));
  const auto is = [&](std::string_view word, std::size_t least) {
    return low.size() >= least && word.starts_with(low);
  };
  if (is("true", 1) || is("yes", 1) || low == "on" || low == "1")
    return true;
  if (is("false", 1) || is("no", 1) || is("off", 2) || low == "0")
    return false;
  malformed(Type::boolean, text);
}

double read_real(Type type, std::string_view text) {
  const std::string copy(trimmed(text));
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || end != copy.c_str() + copy.size())
    malformed(type, text);
  if (std::isnan(value))
    unsupported("NaN");
  if (std::isinf(value) && copy.find_first_of("iI") == std::string::npos)
    fail("22003", fmt::format("\"{}\" is out of range for type {}", text, info(type).title));
  return type == Type::float4 ? static_cast<double>(static_cast<float>(value)) : value;
}

std::string read_numeric(int modifier, std::string_view text) {
  const auto number = parse_decimal(trimmed(text));
  if (!number) {
    const auto low = protocol::lower(trimmed(text));
    if (low == "nan" || low == "infinity" || low == "-infinity")
      unsupported("NaN and infinity of type numeric");
    malformed(Type::numeric, text);
  }
  return std::get<std::string>(converted(to_text(*number), Type::numeric, {Type::numeric, modifier}, Cast::assignment));
}

std::string read_uuid(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0)
      digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (c != '-' && c != '{' && c != '}')
      malformed(Type::uuid, text);
  }
  if (digits.size() != 32)
    malformed(Type::uuid, text);
  for (const std::size_t at : {8U, 13U, 18U, 23U})
    digits.insert(at, "-");
  return digits;
}

std::string read_bytea(std::string_view text) {
  std::string bytes;
  if (text.starts_with("\\x")) {
    text.remove_prefix(2);
    for (; text.size() >= 2; text.remove_prefix(2)) {
      int byte = 0;
      if (std::from_chars(text.data(), text.data() + 2, byte, 16).ptr != text.data() + 2)
        fail("22023", fmt::format("invalid hexadecimal digit: \"{}\"", text[0]));
      bytes += static_cast<char>(byte);
    }
    if (!text.empty())
      fail("22023", "invalid hexadecimal data: odd number of digits");
    return bytes;
  }
  for (std::size_t i = 0; i < text.size(); ++i) { // the older format: backslashes and octal numbers
    if (text[i] != '\\') {
      bytes += text[i];
    } else if (text.substr(i + 1, 1) == "\\") {
      bytes += text[++i];
    } else {
      int byte = 0;
      const auto octal = text.substr(i + 1, 3);
      if (octal.size() != 3 || std::from_chars(octal.data(), octal.data() + 3, byte, 8).ptr != octal.data() + 3)
        malformed(Type::bytea, text);
      bytes += static_cast<char>(byte);
      i += 3;
    }
  }
  return bytes;
}

/// {…} as JSON of what SQLite would keep for each element.
std::string read_array(Type type, std::string_view text) {
  const auto elements = parse_array(text);
  if (!elements)
    fail("22P02", fmt::format("malformed array literal: \"{}\"", text));
  std::string json = "[";
  for (const auto& element : *elements) {
    json += json.size() > 1 ? "," : "";
    if (!element) {
      json += "null";
      continue;
    }
    const auto value = read_text({element_of(type)}, *element);
    if (const auto* string = std::get_if<std::string>(&value))
      json += quoted_json(*string);
    else
      json += sql_literal(element_of(type), value);
  }
  return json + "]";
}

std::string show_real(Type type, double value) {
  if (std::isinf(value))
    return value > 0 ? "Infinity" : "-Infinity";
  // As extra_float_digits = 1 shows them: the shortest digits that read back the same, with an exponent from 1e15 on
  // (1e6 for float4) and below 1e-4.
  auto shortest = type == Type::float4 ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  const double magnitude = std::abs(value);
  const double limit = type == Type::float4 ? 1e6 : 1e15;
  if (magnitude < limit && (magnitude >= 1e-4 || value == 0))
    return shortest;
  // Mantissa and exponent out of the shortest form, whichever it has.
  char buffer[64];
  const auto end =
      type == Type::float4
          ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value), std::chars_format::scientific)
          : std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return {buffer, end.ptr};
}

std::string show_array_of(Type type, const std::string& json) {
  std::vector<std::optional<std::string>> elements;
  const auto parsed = parse_json(json);
  const auto element = element_of(type);
  for (const auto& item : parsed ? parsed->items : std::vector<Json>{}) {
    if (item.kind == Json::Kind::null)
      elements.emplace_back();
    else if (item.kind == Json::Kind::string)
      elements.push_back(show_text(element, item.text));
    else if (is_real(element))
      elements.push_back(show_text(element, std::strtod(item.text.c_str(), nullptr)));
    else
      elements.push_back(show_text(element, static_cast<std::int64_t>(std::strtoll(item.text.c_str(), nullptr, 10))));
  }
  return show_array(elements);
}

} // namespace

Value read_text(TypeName type, std::string_view text) {
  switch (type.type) {
  case Type::boolean:
    return std::int64_t{read_boolean(text)};
  case Type::int2:
  case Type::int4:
  case Type::int8:
  case Type::oid:
    return read_integer(type.type, text);
  case Type::float4:
  case Type::float8:
    return read_real(type.type, text);
  case Type::numeric:
    return read_numeric(type.modifier, text);
  case Type::date:
    return read_date(text);
  case Type::time:
    return read_time(text);
  case Type::timestamp:
    return read_timestamp(text, Zone::ignored);
  case Type::timestamptz:
    return read_timestamp(text, Zone::honoured);
  case Type::interval:
    return stored(read_interval(text));
  case Type::uuid:
    return read_uuid(text);
  case Type::bytea:
    return read_bytea(text);
  case Type::json:
  case Type::jsonb: {
    // json keeps the client's text as it is, jsonb only its meaning.
    auto parsed = parse_json(text);
    if (!parsed)
      fail("22P02", "invalid input syntax for type json");
    return type.type == Type::json ? std::string(text) : canonical(std::move(*parsed));
  }
  default:
    if (is_array(type.type))
      return read_array(type.type, text);
    if (!is_text(type.type))
      return std::string(text); // regclass: whoever uses it looks it up
    return converted(std::string(text), Type::text, type, Cast::assignment);
  }
}

std::string show_text(Type type, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    switch (type) {
    case Type::boolean:
      return *number != 0 ? "t" : "f";
    case Type::date:
      return show_date(*number);
    case Type::time:
      return show_time(*number);
    case Type::timestamp:
      return show_timestamp(*number);
    case Type::timestamptz:
      return show_timestamp(*number) + (*number == forever || *number == always_before ? "" : "+00");
    case Type::float4:
    case Type::float8:
      return show_real(type, static_cast<double>(*number));
    default:
      return std::to_string(*number);
    }
  }
  if (const auto* number = std::get_if<double>(&value))
    return show_real(type, *number);
  const auto& text = std::get<std::string>(value);
  if (type == Type::interval)
    return show_interval(from_stored(text));
  if (is_array(type))
    return show_array_of(type, text);
  if (type != Type::bytea)
    return text;
  std::string hex = "\\x";
  for (const char c : text)
    hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string sql_literal(Type type, const Value& value) {
  if (std::holds_alternative<std::monostate>(value))
    return "NULL";
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return *number == INT64_MIN ? "(-9223372036854775807-1)" : std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) {
    // SQLite has no word for infinity; a literal that is too great becomes it.
    if (std::isinf(*number))
      return *number > 0 ? "9e999" : "-9e999";
    // Enough digits to read back the same double.
    return fmt::format("{:.17e}", *number);
  }
  const auto& text = std::get<std::string>(value);
  std::string sql = type == Type::bytea ? "X'" : "'";
  for (const char c : text) {
    if (type == Type::bytea)
      sql += fmt::format("{:02x}", static_cast<unsigned char>(c));
    else
      sql += c == '\'' ? std::string("''") : std::string(1, c);
  }
  return sql + "'";
}

} // namespace holdfast::fakes::pg
