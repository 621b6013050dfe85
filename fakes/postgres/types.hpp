// PostgreSQL's types, as far as the fake has them, under their numbers in pg_type.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fakes::pg {

enum class Type : int {
  none = 0, ///< of a parameter: not known yet
  boolean = 16,
  bytea = 17,
  one_char = 18, ///< "char", of the catalogues
  name = 19,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25,
  oid = 26,
  json = 114,
  json_array = 199,
  float4 = 700,
  float8 = 701,
  unknown = 705, ///< a literal whose type its place decides
  boolean_array = 1000,
  int2_array = 1005,
  int4_array = 1007,
  text_array = 1009,
  varchar_array = 1015,
  int8_array = 1016,
  float4_array = 1021,
  float8_array = 1022,
  bpchar = 1042,
  varchar = 1043,
  date = 1082,
  time = 1083,
  timestamp = 1114,
  timestamp_array = 1115,
  date_array = 1182,
  timestamptz = 1184,
  timestamptz_array = 1185,
  interval = 1186,
  numeric_array = 1231,
  numeric = 1700,
  regclass = 2205,
  nothing = 2278, ///< void
  uuid = 2950,
  uuid_array = 2951,
  jsonb = 3802,
  jsonb_array = 3807,
};

/// A type with its modifier: the length of a varchar, precision and scale of a numeric, as pg_attribute keeps them.
struct TypeName {
  Type type = Type::none;
  int modifier = -1;
};

struct TypeInfo {
  Type type;
  std::string_view name;  ///< in pg_type
  std::string_view title; ///< in messages and information_schema
  int size;               ///< on the wire; -1: it varies
  Type array;
};

[[nodiscard]] const TypeInfo& info(Type type);
/// By any of the names that SQL has for it, in lower case; arrays are not here.
[[nodiscard]] std::optional<Type> type_named(std::string_view name);
[[nodiscard]] const std::vector<TypeInfo>& all_types();

[[nodiscard]] bool is_array(Type type);
[[nodiscard]] Type element_of(Type array);
[[nodiscard]] Type array_of(Type element);
[[nodiscard]] inline bool is_integer(Type type) {
  return type == Type::int2 || type == Type::int4 || type == Type::int8 || type == Type::oid;
}
[[nodiscard]] inline bool is_real(Type type) {
  return type == Type::float4 || type == Type::float8;
}
[[nodiscard]] inline bool is_number(Type type) {
  return is_integer(type) || is_real(type) || type == Type::numeric;
}
[[nodiscard]] inline bool is_text(Type type) {
  return type == Type::text || type == Type::varchar || type == Type::bpchar || type == Type::name ||
         type == Type::one_char;
}
/// A moment with a date.
[[nodiscard]] inline bool is_moment(Type type) {
  return type == Type::date || type == Type::timestamp || type == Type::timestamptz;
}
[[nodiscard]] inline bool is_unknown(Type type) {
  return type == Type::unknown || type == Type::none;
}

/// How SQLite declares a column of the type: booleans and moments are integers there, numerics are texts compared by
/// the collation pg_numeric, documents and arrays are texts.
[[nodiscard]] std::string_view storage_of(Type type);

/// `numeric(p,s)` as a modifier, and back.
[[nodiscard]] constexpr int numeric_modifier(int precision, int scale) {
  return ((precision << 16) | scale) + 4;
}
struct NumericShape {
  int precision, scale;
};
[[nodiscard]] constexpr NumericShape numeric_shape(int modifier) {
  return {(modifier - 4) >> 16, (modifier - 4) & 0xFFFF};
}
/// "character varying(20)", as format_type shows it.
[[nodiscard]] std::string title_of(TypeName type);

} // namespace holdfast::fakes::pg
