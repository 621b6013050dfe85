#include "fakes/postgres/types.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>

namespace holdfast::fakes::pg {

const std::vector<TypeInfo>& all_types() {
  static const std::vector<TypeInfo> all = {
      {Type::boolean, "bool", "boolean", 1, Type::boolean_array},
      {Type::bytea, "bytea", "bytea", -1, Type::none},
      {Type::one_char, "char", "\"char\"", 1, Type::none},
      {Type::name, "name", "name", 64, Type::none},
      {Type::int8, "int8", "bigint", 8, Type::int8_array},
      {Type::int2, "int2", "smallint", 2, Type::int2_array},
      {Type::int4, "int4", "integer", 4, Type::int4_array},
      {Type::text, "text", "text", -1, Type::text_array},
      {Type::oid, "oid", "oid", 4, Type::none},
      {Type::json, "json", "json", -1, Type::json_array},
      {Type::float4, "float4", "real", 4, Type::float4_array},
      {Type::float8, "float8", "double precision", 8, Type::float8_array},
      {Type::unknown, "unknown", "unknown", -2, Type::none},
      {Type::bpchar, "bpchar", "character", -1, Type::none},
      {Type::varchar, "varchar", "character varying", -1, Type::varchar_array},
      {Type::date, "date", "date", 4, Type::date_array},
      {Type::time, "time", "time without time zone", 8, Type::none},
      {Type::timestamp, "timestamp", "timestamp without time zone", 8, Type::timestamp_array},
      {Type::timestamptz, "timestamptz", "timestamp with time zone", 8, Type::timestamptz_array},
      {Type::interval, "interval", "interval", 16, Type::none},
      {Type::numeric, "numeric", "numeric", -1, Type::numeric_array},
      {Type::regclass, "regclass", "regclass", 4, Type::none},
      {Type::nothing, "void", "void", 4, Type::none},
      {Type::uuid, "uuid", "uuid", 16, Type::uuid_array},
      {Type::jsonb, "jsonb", "jsonb", -1, Type::jsonb_array},
      {Type::boolean_array, "_bool", "boolean[]", -1, Type::none},
      {Type::int2_array, "_int2", "smallint[]", -1, Type::none},
      {Type::int4_array, "_int4", "integer[]", -1, Type::none},
      {Type::int8_array, "_int8", "bigint[]", -1, Type::none},
      {Type::text_array, "_text", "text[]", -1, Type::none},
      {Type::varchar_array, "_varchar", "character varying[]", -1, Type::none},
      {Type::float4_array, "_float4", "real[]", -1, Type::none},
      {Type::float8_array, "_float8", "double precision[]", -1, Type::none},
      {Type::timestamp_array, "_timestamp", "timestamp without time zone[]", -1, Type::none},
      {Type::timestamptz_array, "_timestamptz", "timestamp with time zone[]", -1, Type::none},
      {Type::date_array, "_date", "date[]", -1, Type::none},
      {Type::numeric_array, "_numeric", "numeric[]", -1, Type::none},
      {Type::uuid_array, "_uuid", "uuid[]", -1, Type::none},
      {Type::json_array, "_json", "json[]", -1, Type::none},
      {Type::jsonb_array, "_jsonb", "jsonb[]", -1, Type::none},
  };
  return all;
}

/// A number that is no type of the fake's answers as `unknown`, so that callers can name whatever a client sent.
const TypeInfo& info(Type type) {
  static const auto by_number = [] {
    std::unordered_map<int, const TypeInfo*> map;
    for (const auto& one : all_types())
      map[static_cast<int>(one.type)] = &one;
    return map;
  }();
  const auto found = by_number.find(static_cast<int>(type));
  return found == by_number.end() ? *by_number.at(static_cast<int>(Type::unknown)) : *found->second;
}

/// SQL's own names first: "char" means character(1) in SQL, while pg_type has another type of that name.
std::optional<Type> type_named(std::string_view name) {
  static const std::unordered_map<std::string_view, Type> others = {{"boolean", Type::boolean},
                                                                    {"bigint", Type::int8},
                                                                    {"smallint", Type::int2},
                                                                    {"integer", Type::int4},
                                                                    {"int", Type::int4},
                                                                    {"real", Type::float4},
                                                                    {"float", Type::float8},
                                                                    {"decimal", Type::numeric},
                                                                    {"char", Type::bpchar},
                                                                    {"character", Type::bpchar},
                                                                    {"double precision", Type::float8},
                                                                    {"character varying", Type::varchar}};
  if (const auto found = others.find(name); found != others.end())
    return found->second;
  for (const auto& one : all_types())
    if (one.name == name && !is_array(one.type) && one.type != Type::unknown && one.type != Type::nothing)
      return one.type;
  return std::nullopt;
}

bool is_array(Type type) {
  return info(type).name.starts_with('_');
}

Type element_of(Type array) {
  for (const auto& one : all_types())
    if (one.array == array)
      return one.type;
  return Type::none;
}

/// An array of literals that are still open is one of texts.
Type array_of(Type element) {
  return element == Type::unknown ? Type::text_array : info(element).array;
}

std::string_view storage_of(Type type) {
  if (is_integer(type) || is_moment(type) || type == Type::boolean || type == Type::time)
    return "INT";
  if (is_real(type))
    return "REAL";
  if (type == Type::bytea)
    return "BLOB";
  return type == Type::numeric ? "TEXT COLLATE pg_numeric" : "TEXT";
}

std::string title_of(TypeName type) {
  std::string title(info(type.type).title);
  if (type.modifier < 0)
    return title;
  if (type.type == Type::varchar || type.type == Type::bpchar)
    return fmt::format("{}({})", title, type.modifier - 4);
  if (type.type != Type::numeric)
    return title;
  const auto shape = numeric_shape(type.modifier);
  return fmt::format("{}({},{})", title, shape.precision, shape.scale);
}

} // namespace holdfast::fakes::pg
