// Which type becomes which, and when. PostgreSQL knows three occasions: implicit (an operand), assignment (a value for
// a column) and explicit (a cast); each allows what the one before it allows and more.
// https://www.postgresql.org/docs/15/sql-createcast.html
#include "fakes/postgres/analyzer.hpp"
#include "fakes/postgres/value.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

/// Numbers and moments in the order in which PostgreSQL widens them without being asked; the two are never compared
/// with each other.
int rank(Type type) {
  switch (type) {
  case Type::int2:
    return 1;
  case Type::int4:
  case Type::date:
    return 2;
  case Type::oid:
  case Type::int8:
  case Type::timestamp:
    return 3;
  case Type::numeric:
  case Type::timestamptz:
    return 4;
  case Type::float4:
    return 5;
  case Type::float8:
    return 6;
  default:
    return 0;
  }
}

} // namespace

/// A parameter's type may have been settled at another place of the statement since the expression was read.
Type Analyzer::type_of(const Expression& value) const {
  return value.parameter > 0 ? plan_.parameters[static_cast<std::size_t>(value.parameter) - 1] : value.type.type;
}

bool Analyzer::can(Type from, Type to, How how) const {
  if (from == to || is_unknown(from))
    return true;
  if ((is_number(from) && is_number(to)) || (is_moment(from) && is_moment(to)))
    return rank(from) <= rank(to) || how != How::implicit;
  if (is_text(from) && is_text(to))
    return true;
  if (is_array(from) && is_array(to))
    return can(element_of(from), element_of(to), how);
  if (to == Type::regclass || from == Type::regclass)
    return is_text(from) || is_text(to) || to == Type::oid;
  if (how == How::implicit)
    return false;
  if (is_text(to) || (is_moment(from) && from != Type::date && to == Type::time) ||
      (from == Type::json && to == Type::jsonb) || (from == Type::jsonb && to == Type::json) ||
      (from == Type::time && to == Type::interval))
    return true;
  if (how == How::assignment)
    return false;
  return is_text(from) || (from == Type::int4 && to == Type::boolean) || (from == Type::boolean && to == Type::int4) ||
         (from == Type::jsonb && (is_number(to) || to == Type::boolean));
}

Expression Analyzer::typed_literal(TypeName type, const std::string& text) const {
  Expression result;
  result.type = type;
  result.sql = sql_literal(type.type, read_text(type, text));
  return result;
}

/// In this order: literals are read as the type now, a parameter takes it, an ARRAY[…] hands it to its elements, and
/// whatever has a type already is converted by SQLite or by pg_cast when the statement runs.
Expression Analyzer::coerce(Expression value, TypeName to, How how) {
  if (value.literal) {
    // 'abc'::varchar(2) cuts; the same literal for a column of that type is an error.
    if (how == How::explicit_ && is_text(to.type))
      value.sql = sql_literal(to.type, converted(*value.literal, Type::text, to, Cast::explicit_));
    else
      value.sql = typed_literal(to, *value.literal).sql;
    value.type = to;
    value.literal.reset();
    return value;
  }
  if (value.parameter > 0) {
    auto& type = plan_.parameters[static_cast<std::size_t>(value.parameter) - 1];
    // The first use of a parameter settles its type for the whole statement.
    if (type == Type::none)
      type = to.type;
    value.type = {type, -1};
    value.parameter = 0;
  }
  if (!value.values.empty()) { // ARRAY[…]
    const TypeName element{element_of(to.type), -1};
    std::string parts;
    for (auto& one : value.values)
      parts += (parts.empty() ? "" : ", ") + coerce(one, element, how).sql;
    value.sql = "json_array(" + parts + ")";
    value.values.clear();
    value.type = to;
    return value;
  }
  const auto from = value.type.type;
  if (from == Type::unknown) { // NULL
    value.type = to;
    return value;
  }
  if (!can(from, to.type, how))
    fail("42846", fmt::format("cannot cast type {} to {}", info(from).title, info(to.type).title));
  const bool fits = to.modifier < 0 || to.modifier == value.type.modifier;
  // Kept alike in SQLite: only the type on our side changes, and no conversion runs for each row.
  const bool same_storage =
      from == to.type || (is_text(from) && is_text(to.type)) ||
      (is_integer(from) && is_integer(to.type) && (rank(from) <= rank(to.type) || to.type == Type::oid)) ||
      ((from == Type::timestamp || from == Type::timestamptz) &&
       (to.type == Type::timestamp || to.type == Type::timestamptz)) ||
      (from == Type::jsonb && to.type == Type::json) || from == Type::regclass || to.type == Type::regclass;
  if (same_storage && fits) {
    value.type = {to.type, to.modifier >= 0 ? to.modifier : from == to.type ? value.type.modifier : -1};
    return value;
  }
  if (is_integer(from) && to.type == Type::numeric && fits)
    value.sql = "CAST(" + value.sql + " AS TEXT)";
  else if ((is_integer(from) || from == Type::numeric) && to.type == Type::float8)
    value.sql = "CAST(" + value.sql + " AS REAL)";
  else if (from == Type::date && is_moment(to.type))
    value.sql = fmt::format("pg_cast({}, {}, {}, -1, 0)", value.sql, static_cast<int>(from), static_cast<int>(to.type));
  else
    value.sql = fmt::format("pg_cast({}, {}, {}, {}, {})", value.sql, static_cast<int>(from), static_cast<int>(to.type),
                            to.modifier, how == How::explicit_ ? 1 : 0);
  value.type = to;
  return value;
}

Expression Analyzer::cast(Expression value, TypeName to) {
  if (value.name == "?column?" || value.weak_name) {
    value.name = info(is_array(to.type) ? element_of(to.type) : to.type).name;
    value.weak_name = true;
  }
  return coerce(std::move(value), to, How::explicit_);
}

/// A value for a column. The error is worded for INSERT and UPDATE, so `can` is asked before `coerce`.
Expression Analyzer::assigned(Expression value, const ColumnInfo& column) {
  const auto from = type_of(value);
  const bool array = !value.values.empty();
  if (!array && !can(from, column.type.type, How::assignment))
    fail("42804",
         fmt::format("column \"{}\" is of type {} but expression is of type {}", column.name,
                     info(column.type.type).title, info(from).title),
         "You will need to rewrite or cast the expression.");
  return coerce(std::move(value), column.type, How::assignment);
}

/// The type of a CASE, UNION, VALUES list or array: the widest of those given, text when all are unknown. A length or
/// scale is kept only when all have the same. https://www.postgresql.org/docs/15/typeconv-union-case.html
TypeName Analyzer::common_type(const std::vector<Expression*>& values, std::string_view context) const {
  TypeName result{Type::unknown, -1};
  for (const auto* value : values) {
    const auto type = type_of(*value);
    if (is_unknown(type))
      continue;
    if (is_unknown(result.type)) {
      result = {type, value->type.modifier};
    } else if (can(result.type, type, How::implicit)) {
      if (result.type != type)
        result = {type, -1};
      else if (result.modifier != value->type.modifier)
        result.modifier = -1;
    } else if (can(type, result.type, How::implicit)) {
      result.modifier = -1;
    } else {
      fail("42804",
           fmt::format("{} types {} and {} cannot be matched", context, info(result.type).title, info(type).title));
    }
  }
  return is_unknown(result.type) ? TypeName{Type::text, -1} : result;
}

void Analyzer::unify(const std::vector<Expression*>& values, std::string_view context) {
  const auto type = common_type(values, context);
  for (auto* value : values) {
    *value = coerce(std::move(*value), {type.type, -1});
    value->type.modifier = type.modifier;
  }
}

} // namespace holdfast::fakes::pg
