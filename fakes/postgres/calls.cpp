// Functions: which there are, with which types, and the SQL that stands for a call. A new one is a line in `functions`,
// and, where SQLite has nothing like it, a pg_… function in one of the *_functions.cpp files.
#include "fakes/postgres/analyzer.hpp"

#include <fmt/format.h>
#include <unordered_map>

namespace holdfast::fakes::pg {

namespace {

/// `sql` holds $1, $2 … for the arguments.
struct Function {
  std::vector<Type> arguments;
  Type result;
  std::string_view sql;
};

/// Several lines of one name are tried in order, first for exactly the argument types and then for what converts
/// implicitly: round(1) finds numeric before float8.
const std::unordered_map<std::string_view, std::vector<Function>>& functions() {
  using enum Type;
  static const std::unordered_map<std::string_view, std::vector<Function>> all = {
      {"lower", {{{text}, text, "lower($1)"}}},
      {"upper", {{{text}, text, "upper($1)"}}},
      {"length", {{{text}, int4, "length($1)"}, {{bytea}, int4, "length($1)"}}},
      {"char_length", {{{text}, int4, "length($1)"}}},
      {"character_length", {{{text}, int4, "length($1)"}}},
      {"octet_length", {{{text}, int4, "length(CAST($1 AS BLOB))"}, {{bytea}, int4, "length($1)"}}},
      {"substr",
       {{{text, int4}, text, "pg_substring($1, $2)"}, {{text, int4, int4}, text, "pg_substring($1, $2, $3)"}}},
      {"substring",
       {{{text, int4}, text, "pg_substring($1, $2)"}, {{text, int4, int4}, text, "pg_substring($1, $2, $3)"}}},
      {"btrim", {{{text}, text, "trim($1)"}, {{text, text}, text, "trim($1, $2)"}}},
      {"ltrim", {{{text}, text, "ltrim($1)"}, {{text, text}, text, "ltrim($1, $2)"}}},
      {"rtrim", {{{text}, text, "rtrim($1)"}, {{text, text}, text, "rtrim($1, $2)"}}},
      {"replace", {{{text, text, text}, text, "replace($1, $2, $3)"}}},
      {"strpos", {{{text, text}, int4, "instr($1, $2)"}}},
      {"left", {{{text, int4}, text, "pg_left($1, $2)"}}},
      {"right", {{{text, int4}, text, "pg_right($1, $2)"}}},
      {"repeat", {{{text, int4}, text, "pg_repeat($1, $2)"}}},
      {"starts_with", {{{text, text}, boolean, "(substr($1, 1, length($2)) = $2)"}}},
      {"split_part", {{{text, text, int4}, text, "pg_split_part($1, $2, $3)"}}},
      {"encode", {{{bytea, text}, text, "pg_encode($1, $2)"}}},
      {"decode", {{{text, text}, bytea, "pg_decode($1, $2)"}}},
      {"abs",
       {{{int4}, int4, "abs($1)"},
        {{int8}, int8, "abs($1)"},
        {{numeric}, numeric, "ltrim($1, '-')"},
        {{float8}, float8, "abs($1)"}}},
      {"mod",
       {{{int4, int4}, int4, "pg_int_remainder($1, $2, 23)"},
        {{int8, int8}, int8, "pg_int_remainder($1, $2, 20)"},
        {{numeric, numeric}, numeric, "pg_numeric_remainder($1, $2)"}}},
      {"round",
       {{{numeric}, numeric, "pg_numeric_round($1, 0)"},
        {{float8}, float8, "pg_real_round($1)"},
        {{numeric, int4}, numeric, "pg_numeric_round($1, $2)"}}},
      {"floor", {{{numeric}, numeric, "pg_numeric_floor($1)"}, {{float8}, float8, "pg_real_floor($1)"}}},
      {"ceil", {{{numeric}, numeric, "pg_numeric_ceiling($1)"}, {{float8}, float8, "pg_real_ceiling($1)"}}},
      {"ceiling", {{{numeric}, numeric, "pg_numeric_ceiling($1)"}, {{float8}, float8, "pg_real_ceiling($1)"}}},
      {"power", {{{float8, float8}, float8, "pg_power($1, $2)"}}},
      {"sqrt", {{{float8}, float8, "pg_square_root($1)"}}},
      {"random", {{{}, float8, "pg_random()"}}},
      {"now", {{{}, timestamptz, "pg_now(0)"}}},
      {"transaction_timestamp", {{{}, timestamptz, "pg_now(0)"}}},
      {"statement_timestamp", {{{}, timestamptz, "pg_now(1)"}}},
      {"clock_timestamp", {{{}, timestamptz, "pg_now(2)"}}},
      {"to_timestamp", {{{float8}, timestamptz, "pg_to_timestamp($1)"}}},
      {"date_trunc",
       {{{text, timestamptz}, timestamptz, "pg_truncated($1, $2)"},
        {{text, timestamp}, timestamp, "pg_truncated($1, $2)"}}},
      {"date_part",
       {{{text, timestamptz}, float8, "CAST(pg_extract($1, $2, 1184) AS REAL)"},
        {{text, timestamp}, float8, "CAST(pg_extract($1, $2, 1114) AS REAL)"},
        {{text, date}, float8, "CAST(pg_extract($1, $2, 1082) AS REAL)"},
        {{text, interval}, float8, "CAST(pg_extract($1, $2, 1186) AS REAL)"}}},
      {"gen_random_uuid", {{{}, uuid, "pg_random_uuid()"}}},
      {"nextval", {{{text}, int8, "pg_nextval($1)"}}},
      {"currval", {{{text}, int8, "pg_currval($1)"}}},
      {"lastval", {{{}, int8, "pg_lastval()"}}},
      {"setval",
       {{{text, int8}, int8, "pg_setval($1, $2, 1)"}, {{text, int8, boolean}, int8, "pg_setval($1, $2, $3)"}}},
      {"pg_get_serial_sequence", {{{text, text}, text, "pg_serial_sequence($1, $2)"}}},
      {"to_regclass", {{{text}, regclass, "pg_to_regclass($1)"}}},
      {"jsonb_array_length", {{{jsonb}, int4, "json_array_length($1)"}}},
      {"json_array_length", {{{json}, int4, "json_array_length($1)"}}},
      {"jsonb_typeof", {{{jsonb}, text, "pg_json_typeof($1)"}}},
      {"json_typeof", {{{json}, text, "pg_json_typeof($1)"}}},
      {"version", {{{}, text, "pg_version()"}}},
      {"current_database", {{{}, name, "pg_current('database')"}}},
      {"current_schema", {{{}, name, "'public'"}}},
      {"pg_backend_pid", {{{}, int4, "pg_current('pid')"}}},
      {"pg_is_in_recovery", {{{}, boolean, "0"}}},
      {"current_setting", {{{text}, text, "pg_setting($1, 0)"}, {{text, boolean}, text, "pg_setting($1, $2)"}}},
      {"set_config", {{{text, text, boolean}, text, "pg_set_config($1, $2, $3)"}}},
      {"pg_sleep", {{{float8}, nothing, "pg_sleep($1)"}}},
      {"pg_cancel_backend", {{{int4}, boolean, "pg_cancel_backend($1)"}}},
      {"pg_terminate_backend", {{{int4}, boolean, "pg_terminate_backend($1)"}}},
  };
  return all;
}

std::string filled(std::string_view sql, const std::vector<Expression>& arguments) {
  std::string out;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '$' && i + 1 < sql.size())
      out += arguments[static_cast<std::size_t>(sql[++i] - '1')].sql;
    else
      out += sql[i];
  }
  return out;
}

} // namespace

std::vector<Expression> Analyzer::arguments() {
  std::vector<Expression> all;
  expect_symbol("(");
  if (!is_symbol(")"))
    do
      all.push_back(expression());
    while (accept_symbol(","));
  expect_symbol(")");
  return all;
}

/// Functions of any number or kind of arguments are written here, the others are looked up in `functions`.
Expression Analyzer::call(const std::string& name) {
  if (auto value = aggregate(name))
    return *value;
  auto arguments = this->arguments();
  if (name == "concat") {
    std::string sql;
    for (auto& one : arguments)
      sql += (sql.empty() ? "" : " || ") +
             ("ifnull(" + coerce(std::move(one), {Type::text}, How::assignment).sql + ", '')");
    return {sql.empty() ? "''" : "(" + sql + ")", {Type::text}, name};
  }
  if (name == "jsonb_build_object" || name == "json_build_object" || name == "jsonb_build_array" ||
      name == "json_build_array" || name == "to_jsonb" || name == "to_json") {
    std::string list;
    for (auto& one : arguments) {
      if (is_unknown(type_of(one)))
        one = coerce(std::move(one), {Type::text});
      list += fmt::format(", {}, {}", one.sql, static_cast<int>(type_of(one)));
    }
    if (name.starts_with("json_") || name == "to_json")
      unsupported(name);
    return {fmt::format("pg_json_build('{}'{})", name, list), {Type::jsonb}, name};
  }
  if (name == "array_length" || name == "cardinality") {
    if (arguments.empty() || !is_array(type_of(arguments[0])))
      return resolved_call(name, std::move(arguments));
    const auto length = "json_array_length(" + arguments[0].sql + ")";
    return {name == "cardinality" ? length : "nullif(" + length + ", 0)", {Type::int4}, name};
  }
  if (name == "unnest" || name == "generate_series")
    unsupported(name + " outside of FROM");
  return resolved_call(name, std::move(arguments));
}

Expression Analyzer::resolved_call(const std::string& name, std::vector<Expression> arguments) {
  const auto found = functions().find(name);
  const Function* chosen = nullptr;
  if (found != functions().end())
    for (const auto how : {0, 1}) // exactly the types first, then what can be made of them
      for (const auto& function : found->second) {
        bool fits = chosen == nullptr && function.arguments.size() == arguments.size();
        for (std::size_t i = 0; fits && i < arguments.size(); ++i) {
          const auto type = type_of(arguments[i]);
          fits = type == function.arguments[i] || is_unknown(type) || type == Type::regclass ||
                 (how == 1 && can(type, function.arguments[i], How::implicit));
        }
        if (fits)
          chosen = &function;
      }
  if (chosen == nullptr) {
    std::string types;
    for (const auto& one : arguments)
      types += (types.empty() ? "" : ", ") + std::string(info(type_of(one)).title);
    fail(
        "42883", fmt::format("function {}({}) does not exist", name, types),
        "No function matches the given name and argument types. The postgres fake has few functions: if PostgreSQL has "
        "this one, use provider = \"server\".");
  }
  for (std::size_t i = 0; i < arguments.size(); ++i)
    arguments[i] = coerce(std::move(arguments[i]), {chosen->arguments[i]});
  return {filled(chosen->sql, arguments), {chosen->result, -1}, name};
}

/// Calls that have words between their arguments (CAST … AS, EXTRACT … FROM) or whose type is that of their arguments.
/// Nothing when the name is none of them: it is an ordinary function then, substring(a, 1, 2) too.
std::optional<Expression> Analyzer::special_form(const std::string& name) {
  if (name == "coalesce" || name == "greatest" || name == "least") {
    auto values = arguments();
    std::vector<Expression*> all;
    for (auto& value : values)
      all.push_back(&value);
    unify(all, name == "coalesce" ? "COALESCE" : name == "greatest" ? "GREATEST" : "LEAST");
    std::string list;
    for (const auto& value : values)
      list += (list.empty() ? "" : ", ") + value.sql;
    if (values.empty())
      syntax_error();
    const auto type = values[0].type;
    if (name != "coalesce")
      return Expression{
          fmt::format("pg_extreme({}, {}, {})", name == "greatest" ? 1 : -1, static_cast<int>(type.type), list),
          {type.type},
          name};
    return Expression{values.size() == 1 ? list : "coalesce(" + list + ")", type, name};
  }
  if (name == "nullif") {
    auto values = arguments();
    if (values.size() != 2)
      syntax_error();
    auto type = values[0].type;
    const auto equal = compared("=", values[0], values[1]);
    if (is_unknown(type.type))
      values[0] = coerce(std::move(values[0]), type = {Type::text});
    return Expression{fmt::format("CASE WHEN {} THEN NULL ELSE {} END", equal.sql, values[0].sql), type, name};
  }
  if (name == "cast") {
    expect_symbol("(");
    auto value = expression();
    expect("as");
    const auto type = expect_type();
    expect_symbol(")");
    return cast(std::move(value), type);
  }
  if (name == "extract") {
    expect_symbol("(");
    const auto field = tokens_[at_++].text;
    expect("from");
    auto value = expression();
    expect_symbol(")");
    const auto type = type_of(value);
    if (!is_moment(type) && type != Type::interval)
      fail("42883", fmt::format("function pg_catalog.extract(unknown, {}) does not exist", info(type).title));
    return Expression{fmt::format("pg_extract({}, {}, {})", quoted_text(field), value.sql, static_cast<int>(type)),
                      {Type::numeric},
                      name};
  }
  if (name == "substring") {
    const auto before = at_;
    expect_symbol("(");
    std::vector<Expression> values = {expression()};
    if (!is_word("from") && !is_word("for")) {
      at_ = before;
      return std::nullopt;
    }
    values.push_back(accept("from") ? expression() : Expression{"1", {Type::int4}});
    if (accept("for"))
      values.push_back(expression());
    expect_symbol(")");
    return resolved_call("substring", std::move(values));
  }
  if (name == "position") {
    expect_symbol("(");
    auto part = other_operator();
    expect("in");
    auto whole = expression();
    expect_symbol(")");
    auto value = resolved_call("strpos", {std::move(whole), std::move(part)});
    value.name = name;
    return value;
  }
  if (name == "trim") {
    expect_symbol("(");
    const std::string side = accept("leading") ? "ltrim" : accept("trailing") ? "rtrim" : (accept("both"), "btrim");
    std::vector<Expression> values;
    if (!is_word("from"))
      values.push_back(expression());
    if (accept("from"))
      values.insert(values.begin(), expression());
    expect_symbol(")");
    return resolved_call(side, std::move(values));
  }
  return std::nullopt;
}

/// Values that are called without parentheses.
std::optional<Expression> Analyzer::keyword_value(const std::string& word) {
  struct Named {
    Type type;
    const char* sql;
  };
  static const std::unordered_map<std::string_view, Named> all = {
      {"current_timestamp", {Type::timestamptz, "pg_now(0)"}},
      {"localtimestamp", {Type::timestamp, "pg_now(0)"}},
      {"current_date", {Type::date, "pg_cast(pg_now(0), 1184, 1082, -1, 0)"}},
      {"current_user", {Type::name, "pg_current('user')"}},
      {"session_user", {Type::name, "pg_current('user')"}},
      {"user", {Type::name, "pg_current('user')"}},
      {"current_role", {Type::name, "pg_current('user')"}},
      {"current_catalog", {Type::name, "pg_current('database')"}},
      {"current_schema", {Type::name, "'public'"}}};
  const auto found = all.find(word);
  if (found == all.end() || is_symbol(".", 1) || (word == "current_schema" && is_symbol("(", 1)))
    return std::nullopt;
  ++at_;
  if (is_symbol("(") && peek(1).kind == Token::Kind::number)
    skip_parentheses(); // a precision: the fake always keeps all six digits
  return Expression{found->second.sql, {found->second.type}, word};
}

} // namespace holdfast::fakes::pg
