// Operators, by the types of their operands: which operation PostgreSQL would choose, what it would convert first, and
// the SQL or the function of our own (pg_…) with which SQLite comes to the same result.
#include "fakes/postgres/analyzer.hpp"

#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

constexpr auto cast_hint = "No operator matches the given name and argument types. You might need to add explicit type "
                           "casts.";

[[noreturn]] void no_operator(Type left, const std::string& op, Type right) {
  fail("42883", fmt::format("operator does not exist: {} {} {}", info(left).title, op, info(right).title), cast_hint);
}

Expression boolean(std::string sql) {
  return {std::move(sql), {Type::boolean, -1}};
}

std::string_view verb(const std::string& op) {
  return op == "+" ? "add" : op == "-" ? "subtract" : op == "*" ? "multiply" : op == "/" ? "divide" : "remainder";
}

} // namespace

/// Numerics and intervals are text in SQLite: in its order 10 would come before 9. Blanks at the end of a char(n) do
/// not count in comparisons.
std::string Analyzer::ordering(const Expression& value) const {
  const auto type = type_of(value);
  if (type == Type::numeric)
    return "(" + value.sql + " COLLATE pg_numeric)";
  if (type == Type::interval)
    return "pg_interval_length(" + value.sql + ")";
  if (type == Type::bpchar)
    return "rtrim(" + value.sql + ")";
  return value.sql;
}

/// The side that can be converted implicitly is, like integer to numeric; an operand of unknown type takes the other's.
Expression Analyzer::compared(const std::string& op, Expression left, Expression right) {
  const auto a = type_of(left), b = type_of(right);
  TypeName type{is_unknown(a) ? b : a, -1};
  if (is_unknown(type.type)) {
    type.type = Type::text;
  } else if (!is_unknown(a) && !is_unknown(b)) {
    if (can(a, b, How::implicit))
      type.type = b;
    else if (!can(b, a, How::implicit))
      no_operator(a, op, b);
  }
  if (type.type == Type::json)
    no_operator(a, op, is_unknown(b) ? Type::unknown : b);
  if ((is_array(type.type) || type.type == Type::jsonb) && op != "=" && op != "<>")
    unsupported("the order of arrays and documents");
  // A literal read as float4 would lose digits, and SQLite keeps float4 columns as doubles.
  if (type.type == Type::float4)
    type.type = Type::float8;
  if (is_integer(type.type) && !is_unknown(a) && !is_unknown(b)) // integers of any size compare as they are
    return boolean("(" + left.sql + " " + op + " " + right.sql + ")");
  left = coerce(std::move(left), type);
  right = coerce(std::move(right), type);
  return boolean("(" + ordering(left) + " " + op + " " + ordering(right) + ")");
}

/// Moments and intervals first, then numbers. Integers go through pg_int_…, since SQLite would turn an overflow into a
/// floating point number where PostgreSQL gives an error; numerics go through pg_numeric_…, which are exact.
Expression Analyzer::arithmetic(const std::string& op, Expression left, Expression right) {
  auto a = type_of(left), b = type_of(right);
  const auto result = [](std::string sql, Type type) { return Expression{std::move(sql), {type, -1}}; };
  if (op == "^")
    return result(fmt::format("pg_power({}, {})", coerce(left, {Type::float8}, How::assignment).sql,
                              coerce(right, {Type::float8}, How::assignment).sql),
                  Type::float8);
  const bool adds = op == "+" || op == "-";
  if (adds && is_moment(a) && (b == Type::interval || (is_unknown(b) && right.literal && op == "+"))) {
    right = coerce(std::move(right), {Type::interval});
    return result(fmt::format("pg_moment_plus({}, {}, {})", coerce(left, {a == Type::date ? Type::timestamp : a}).sql,
                              right.sql, op == "+" ? 1 : -1),
                  a == Type::date ? Type::timestamp : a);
  }
  if (op == "+" && a == Type::interval && is_moment(b))
    return arithmetic(op, std::move(right), std::move(left));
  if (adds && a == Type::date && (is_integer(b) || (is_unknown(b) && op == "+")))
    return result("(" + left.sql + " " + op + " " + coerce(right, {Type::int4}).sql + ")", Type::date);
  if (op == "-" && is_moment(a)) {
    right = coerce(std::move(right), {a});
    if (a == Type::date && type_of(right) == Type::date)
      return result("(" + left.sql + " - " + right.sql + ")", Type::int4);
    return result("pg_moment_difference(" + left.sql + ", " + right.sql + ")", Type::interval);
  }
  if (a == Type::interval || b == Type::interval) {
    if (adds && (a == Type::interval || is_unknown(a)) && (b == Type::interval || is_unknown(b)))
      return result(fmt::format("pg_interval_plus({}, {}, {})", coerce(left, {Type::interval}).sql,
                                coerce(right, {Type::interval}).sql, op == "+" ? 1 : -1),
                    Type::interval);
    if (b == Type::interval && op == "*")
      std::swap(left, right);
    if (op == "*" || (op == "/" && a == Type::interval)) {
      const auto by = coerce(std::move(right), {Type::float8}, How::assignment).sql;
      return result(fmt::format("pg_interval_times({}, {})", left.sql, op == "*" ? by : "1.0 / " + by), Type::interval);
    }
    no_operator(a, op, b);
  }
  if (is_unknown(a))
    a = is_unknown(b) ? Type::int4 : b;
  if (is_unknown(b))
    b = a;
  if (!is_number(a) || !is_number(b))
    no_operator(a, op, b);
  if (a == Type::oid)
    a = Type::int8;
  if (b == Type::oid)
    b = Type::int8;
  Type type = can(a, b, How::implicit) ? b : a;
  if (is_real(type) && a != b)
    type = Type::float8;
  left = coerce(std::move(left), {type});
  right = coerce(std::move(right), {type});
  if (is_integer(type))
    return result(fmt::format("pg_int_{}({}, {}, {})", verb(op), left.sql, right.sql, static_cast<int>(type)), type);
  if (type == Type::numeric)
    return result(fmt::format("pg_numeric_{}({}, {})", verb(op), left.sql, right.sql), type);
  if (op == "%")
    no_operator(a, op, b);
  if (op == "/")
    return result("pg_real_divide(" + left.sql + ", " + right.sql + ")", type);
  return result("(" + left.sql + " " + op + " " + right.sql + ")", type);
}

/// || and the operators of JSON.
Expression Analyzer::of_documents(const std::string& op, Expression left, Expression right) {
  const auto a = type_of(left), b = type_of(right);
  const auto result = [](std::string sql, Type type) { return Expression{std::move(sql), {type, -1}}; };
  if (op == "||") {
    if (a == Type::jsonb || b == Type::jsonb)
      return result("pg_json_concat(" + coerce(left, {Type::jsonb}).sql + ", " + coerce(right, {Type::jsonb}).sql + ")",
                    Type::jsonb);
    if (is_array(a) || is_array(b))
      unsupported("|| of arrays");
    if (!is_text(a) && !is_unknown(a) && !is_text(b) && !is_unknown(b))
      no_operator(a, op, b);
    return result("(" + coerce(left, {Type::text}, How::assignment).sql + " || " +
                      coerce(right, {Type::text}, How::assignment).sql + ")",
                  Type::text);
  }
  if (a != Type::json && a != Type::jsonb)
    no_operator(a, op, b);
  const int binary = a == Type::jsonb ? 1 : 0;
  if (op == "@>" || op == "?") {
    if (a == Type::json)
      no_operator(a, op, b);
    if (op == "?")
      return boolean("pg_json_has(" + left.sql + ", " + coerce(right, {Type::text}).sql + ")");
    return boolean("pg_json_contains(" + left.sql + ", " + coerce(right, {Type::jsonb}).sql + ")");
  }
  const bool text = op == "->>" || op == "#>>";
  const bool path = op[0] == '#';
  if (path)
    right = coerce(std::move(right), {Type::text_array});
  else if (!is_integer(b))
    right = coerce(std::move(right), {Type::text});
  return result(
      fmt::format("pg_json_{}({}, {}, {}, {})", path ? "path" : "get", left.sql, right.sql, text ? 1 : 0, binary),
      text ? Type::text : a);
}

/// = ANY (…), <> ALL (…): over an array or a subquery.
Expression Analyzer::quantified(const std::string& op, const Expression& left) {
  const bool all = tokens_[at_++].text == "all";
  expect_symbol("(");
  const bool in = op == "=" && !all, not_in = op == "<>" && all;
  if (!in && !not_in)
    unsupported(op + (all ? " ALL" : " ANY"));
  const std::string word = in ? " IN (" : " NOT IN (";
  if (is_word("select") || is_word("with")) {
    std::vector<Column> columns;
    const auto sql = subquery(&columns);
    expect_symbol(")");
    return boolean("(" + ordering(left) + word + sql + "))");
  }
  auto array = expression();
  expect_symbol(")");
  auto value = left;
  const auto a = type_of(value), b = type_of(array);
  // = ANY ($1) and = ANY ('{1,2}'): the type of the left side decides what kind of array it is.
  if (is_unknown(b) && array.values.empty()) {
    array = coerce(std::move(array), {array_of(is_unknown(a) ? Type::text : a)});
  } else if (!array.values.empty()) {
    array = coerce(std::move(array), {array_of(a)});
  } else if (!is_array(b)) {
    fail("42809", "op ANY/ALL (array) requires array on right side");
  }
  const auto element = element_of(type_of(array));
  if (!is_unknown(a) && !can(a, element, How::implicit) && !can(element, a, How::implicit))
    no_operator(a, op, element);
  if (is_unknown(a))
    value = coerce(std::move(value), {element});
  else if (type_of(value) == Type::numeric || element == Type::numeric)
    value = coerce(std::move(value), {Type::numeric});
  return boolean("(" + ordering(value) + word + "SELECT value FROM json_each(" + array.sql + ")))");
}

Expression Analyzer::one_of(Expression left, bool negated) {
  expect_symbol("(");
  const std::string word = negated ? " NOT IN (" : " IN (";
  if (is_word("select") || is_word("with") || is_word("values")) {
    std::vector<Column> columns;
    const auto sql = subquery(&columns);
    expect_symbol(")");
    if (columns.size() != 1)
      fail("42601", "subquery has too many columns");
    Expression right{"x", columns[0].type};
    const auto a = type_of(left);
    if (is_unknown(a))
      left = coerce(std::move(left), columns[0].type);
    else if (!can(a, columns[0].type.type, How::implicit) && !can(columns[0].type.type, a, How::implicit))
      no_operator(a, "=", columns[0].type.type);
    return boolean("(" + ordering(left) + word + sql + "))");
  }
  std::vector<Expression> values;
  do
    values.push_back(expression());
  while (accept_symbol(","));
  expect_symbol(")");
  // Only for its error: a value that cannot be compared with the left side fails as `left = value` would.
  for (auto& value : values)
    (void)compared("=", left, value);
  std::vector<Expression*> all = {&left};
  for (auto& value : values)
    all.push_back(&value);
  unify(all, "IN");
  std::string list;
  for (const auto& value : values)
    list += (list.empty() ? "" : ", ") + value.sql;
  return boolean("(" + ordering(left) + word + list + "))");
}

Expression Analyzer::like(Expression left, bool negated, bool any_case) {
  auto pattern = other_operator();
  if (!is_unknown(type_of(left)) && !is_text(type_of(left)))
    no_operator(type_of(left), any_case ? "~~*" : "~~", type_of(pattern));
  std::string escape = "'\\'";
  if (accept("escape"))
    escape = coerce(primary(), {Type::text}).sql;
  return boolean(fmt::format("({}pg_like({}, {}, {}, {}))", negated ? "NOT " : "",
                             coerce(std::move(left), {Type::text}).sql, coerce(std::move(pattern), {Type::text}).sql,
                             escape, any_case ? 1 : 0));
}

} // namespace holdfast::fakes::pg
