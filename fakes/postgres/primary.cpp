// What an expression is made of: literals, parameters, columns, types.
#include "fakes/postgres/analyzer.hpp"

#include <charconv>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

Expression make(std::string sql, Type type, std::string name = "?column?") {
  return {std::move(sql), {type, -1}, std::move(name)};
}

} // namespace

Expression Analyzer::primary() {
  const auto token = peek();
  switch (token.kind) {
  case Token::Kind::number: {
    ++at_;
    std::int64_t whole = 0;
    const auto [rest, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), whole);
    if (error == std::errc{} && rest == token.text.data() + token.text.size())
      return make(std::to_string(whole), whole <= INT32_MAX ? Type::int4 : Type::int8);
    return typed_literal({Type::numeric}, token.text);
  }
  case Token::Kind::string: {
    ++at_;
    auto value = make(quoted_text(token.text), Type::unknown);
    value.literal = token.text;
    return value;
  }
  case Token::Kind::parameter: {
    ++at_;
    const int number = token.text.size() > 5 ? 0 : std::stoi(token.text);
    if (number < 1 || number > 32766) // SQLite's own limit
      fail("42P02", fmt::format("there is no parameter ${}", token.text));
    if (plan_.parameters.size() < static_cast<std::size_t>(number))
      plan_.parameters.resize(static_cast<std::size_t>(number));
    auto value = make("?" + token.text, Type::none);
    value.parameter = number;
    value.type.type = plan_.parameters[static_cast<std::size_t>(number) - 1];
    return value;
  }
  case Token::Kind::symbol:
    if (token.text == "(")
      return parenthesis();
    syntax_error();
  case Token::Kind::quoted:
    return column_reference();
  case Token::Kind::end:
    syntax_error();
  case Token::Kind::word:
    break;
  }
  if (accept("null"))
    return make("NULL", Type::unknown);
  if (is_word("true") || is_word("false"))
    return make(tokens_[at_++].text == "true" ? "1" : "0", Type::boolean);
  if (token.text == "case")
    return case_expression();
  if (token.text == "array")
    return array_constructor();
  if (token.text == "exists" && is_symbol("(", 1)) {
    at_ += 2;
    const auto sql = subquery();
    expect_symbol(")");
    return make("EXISTS (" + sql + ")", Type::boolean, "exists");
  }
  if (auto value = keyword_value(token.text))
    return *value;
  // A type before a string is a cast: date '2024-01-01'. Without the string the word is read again as a name, since a
  // column may be called "date".
  if (const auto before = at_; const auto type = type_name()) {
    if (peek().kind == Token::Kind::string) {
      auto value = make("", Type::unknown);
      value.literal = tokens_[at_++].text;
      return cast(std::move(value), *type);
    }
    at_ = before;
  }
  if (is_symbol("(", 1) || (is_symbol(".", 1) && is_symbol("(", 3))) {
    if (is_symbol(".", 1)) {
      if (token.text != "pg_catalog" && token.text != "public")
        fail("3F000", fmt::format("schema \"{}\" does not exist", token.text));
      at_ += 2;
    }
    const auto name = tokens_[at_++].text;
    if (auto value = special_form(name))
      return *value;
    return call(name);
  }
  if (is_reserved(token.text))
    syntax_error();
  return column_reference();
}

/// Literals, parameters and arrays keep no parentheses, so that `coerce` can still give them a type: ('5')::int.
Expression Analyzer::parenthesis() {
  expect_symbol("(");
  if (is_word("select") || is_word("with") || is_word("values")) {
    std::vector<Column> columns;
    const auto sql = subquery(&columns);
    expect_symbol(")");
    if (columns.size() != 1)
      fail("42601", "subquery must return only one column");
    return {"(" + sql + ")", columns[0].type, columns[0].name};
  }
  auto value = expression();
  if (is_symbol(","))
    unsupported("row values");
  expect_symbol(")");
  if (!value.literal && value.parameter == 0 && value.values.empty())
    value.sql = "(" + value.sql + ")";
  return value;
}

Expression Analyzer::case_expression() {
  expect("case");
  std::optional<Expression> subject;
  if (!is_word("when"))
    subject = expression();
  std::vector<std::string> conditions;
  std::vector<Expression> results;
  while (accept("when")) {
    conditions.push_back(subject ? compared("=", *subject, expression()).sql : condition("CASE/WHEN").sql);
    expect("then");
    results.push_back(expression());
  }
  if (conditions.empty())
    syntax_error();
  results.push_back(accept("else") ? expression() : make("NULL", Type::unknown));
  expect("end");
  std::vector<Expression*> all;
  for (auto& result : results)
    all.push_back(&result);
  unify(all, "CASE");
  std::string sql = "CASE";
  for (std::size_t i = 0; i < conditions.size(); ++i)
    sql += " WHEN " + conditions[i] + " THEN " + results[i].sql;
  // What stands after ELSE lends its name, if it has one of its own.
  const auto& last = results.back();
  const bool weak = last.weak_name || last.name == "?column?";
  auto value = make(sql + " ELSE " + last.sql + " END", last.type.type, weak ? "case" : last.name);
  value.weak_name = weak;
  return value;
}

/// ARRAY[…]. Before a cast its elements stay open: ARRAY['1']::int[] reads '1' as an integer, not as a text.
Expression Analyzer::array_constructor() {
  expect("array");
  if (!accept_symbol("["))
    unsupported("ARRAY(SELECT …)");
  Expression array = make("json_array()", Type::unknown, "array");
  if (!is_symbol("]"))
    do {
      if (is_symbol("[") || is_word("array"))
        unsupported("arrays of more than one dimension");
      array.values.push_back(expression());
    } while (accept_symbol(","));
  expect_symbol("]");
  if (array.values.empty()) {
    if (!is_symbol("::"))
      fail("42P18", "cannot determine type of empty array",
           "Explicitly cast to the desired type, for example ARRAY[]::integer[].");
    array.literal = "{}";
    return array;
  }
  std::vector<Expression*> all;
  for (auto& value : array.values)
    all.push_back(&value);
  const auto element = common_type(all, "ARRAY");
  if (is_symbol("::"))
    return array; // the cast settles the elements
  return coerce(std::move(array), {array_of(element.type)});
}

/// Looks for the column in this SELECT first and then in those around it, and takes the innermost that has it. Within
/// one SELECT a name that two tables have is ambiguous, unless USING has merged them.
Expression Analyzer::column_reference() {
  auto name = expect_name();
  std::string table;
  while (accept_symbol(".")) {
    table = name;
    if (is_symbol("*"))
      unsupported("whole rows as values");
    if (peek().kind != Token::Kind::word && peek().kind != Token::Kind::quoted)
      syntax_error();
    name = tokens_[at_++].text;
  }
  bool has_table = false;
  for (const auto* scope = scope_; scope != nullptr; scope = scope->outer) {
    const ScopeColumn* found = nullptr;
    if (table.empty())
      for (const auto& column : scope->merged)
        if (column.name == name)
          found = &column;
    if (found == nullptr)
      for (const auto& relation : scope->relations) {
        if (!table.empty() && relation.alias != table)
          continue;
        if (table.empty() && relation.hidden)
          continue;
        has_table = true;
        for (const auto& column : relation.columns) {
          if (column.name != name)
            continue;
          if (found != nullptr)
            fail("42702", fmt::format("column reference \"{}\" is ambiguous", name));
          found = &column;
        }
      }
    if (found != nullptr) {
      // A column of this SELECT outside of an aggregate: `group_by` checks it once the groups are known.
      if (level_ != nullptr && level_->inside == 0 && scope == scope_)
        level_->loose.push_back(found->sql);
      return {found->sql, found->type, name};
    }
  }
  if (!table.empty() && !has_table)
    fail("42P01", fmt::format("missing FROM-clause entry for table \"{}\"", table));
  if (!table.empty())
    fail("42703", fmt::format("column {}.{} does not exist", table, name));
  fail("42703", fmt::format("column \"{}\" does not exist", name));
}

/// Nothing, and no token taken, when there is no type here. A modifier of a moment, timestamp(3), is read and ignored.
std::optional<TypeName> Analyzer::type_name() {
  const auto before = at_;
  if (peek().kind != Token::Kind::word && peek().kind != Token::Kind::quoted)
    return std::nullopt;
  if (is_word("pg_catalog") && is_symbol(".", 1))
    at_ += 2;
  auto name = tokens_[at_++].text;
  if (name == "double" && accept("precision"))
    name = "double precision";
  if ((name == "character" || name == "char") && accept("varying"))
    name = "varchar";
  auto type = type_named(name);
  if (!type) {
    at_ = before;
    return std::nullopt;
  }
  TypeName result{*type, -1};
  if ((name == "char" || name == "character") && !is_symbol("("))
    result.modifier = 1 + 4;
  if (is_symbol("(") && peek(1).kind == Token::Kind::number) {
    ++at_;
    const int first = number_in(tokens_[at_++]);
    int second = 0;
    if (accept_symbol(","))
      second = number_in(tokens_[at_++]);
    expect_symbol(")");
    if (*type == Type::numeric)
      result.modifier = numeric_modifier(first, second);
    else if (is_text(*type))
      result.modifier = first + 4;
    // fractions of a second: the fake always keeps all six digits
  }
  if (*type == Type::timestamp || *type == Type::time) {
    if (accept_all({"with", "time", "zone"})) {
      if (*type == Type::time)
        unsupported("time with time zone");
      result.type = Type::timestamptz;
    } else {
      accept_all({"without", "time", "zone"});
    }
  }
  while (is_symbol("[") && (is_symbol("]", 1) || is_symbol("]", 2))) {
    at_ += is_symbol("]", 1) ? 2 : 3;
    if (!is_array(result.type))
      result.type = array_of(result.type);
    if (result.type == Type::none)
      unsupported("arrays of this type");
    result.modifier = -1;
  }
  return result;
}

TypeName Analyzer::expect_type() {
  if (auto type = type_name())
    return *type;
  if (!at_name())
    syntax_error();
  const auto name = tokens_[at_].text;
  for (const auto* known : {"xml", "inet", "cidr", "macaddr", "money", "point", "bit", "timetz", "tsvector", "hstore",
                            "citext", "int4range", "regtype", "regproc", "box", "line", "circle", "varbit"})
    if (name == known)
      unsupported("the type " + name);
  fail("42704", fmt::format("type \"{}\" does not exist", name));
}

} // namespace holdfast::fakes::pg
