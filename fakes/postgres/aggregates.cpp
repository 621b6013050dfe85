// Aggregates and window functions.
#include "fakes/postgres/analyzer.hpp"

#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

bool is_aggregate(const std::string& name) {
  static const std::set<std::string_view> all = {"count",      "sum",      "avg",     "min",   "max",      "array_agg",
                                                 "string_agg", "bool_and", "bool_or", "every", "json_agg", "jsonb_agg"};
  return all.contains(name);
}

bool is_window_function(const std::string& name) {
  static const std::set<std::string_view> all = {"row_number", "rank",        "dense_rank", "lag",
                                                 "lead",       "first_value", "last_value"};
  return all.contains(name);
}

} // namespace

/// Nothing when the name is no aggregate and no window function. While the arguments are read, `inside` says that their
/// columns need no GROUP BY.
std::optional<Expression> Analyzer::aggregate(const std::string& name) {
  const bool window = is_window_function(name);
  if (!window && !is_aggregate(name))
    return std::nullopt;
  if (level_ != nullptr)
    ++level_->inside;
  const bool nested = level_ != nullptr && level_->inside > 1 && !window;
  expect_symbol("(");
  const bool distinct = accept("distinct");
  std::vector<Expression> values;
  bool star = false;
  std::string order_key = "NULL";
  int direction = 0;
  if (name == "count" && accept_symbol("*")) {
    star = true;
  } else if (!is_symbol(")")) {
    do
      values.push_back(expression());
    while (accept_symbol(","));
    if (accept_all({"order", "by"})) {
      order_key = ordering(expression());
      direction = accept("desc") ? -1 : (accept("asc"), 1);
      if (is_symbol(","))
        unsupported("more than one ORDER BY inside of an aggregate");
    }
  }
  expect_symbol(")");
  if (level_ != nullptr)
    --level_->inside;
  std::string filter;
  if (accept("filter")) {
    expect_symbol("(");
    expect("where");
    if (level_ != nullptr)
      ++level_->inside;
    filter = " FILTER (WHERE " + condition("FILTER").sql + ")";
    if (level_ != nullptr)
      --level_->inside;
    expect_symbol(")");
  }
  // Only what stands behind the arguments tells sum(x) from sum(x) OVER (…), which may stand where aggregates may not.
  const bool over = is_word("over");
  if (!over && window)
    fail("42809", fmt::format("window function {} requires an OVER clause", name));
  if (!over) {
    if (!no_aggregates_in_.empty())
      fail("42803", fmt::format("aggregate functions are not allowed in {}", no_aggregates_in_));
    if (nested)
      fail("42803", "aggregate function calls cannot be nested");
    if (level_ != nullptr)
      level_->aggregates = true;
  }
  for (auto& value : values)
    if (is_unknown(type_of(value)))
      value = coerce(std::move(value), {Type::text});
  const auto type = values.empty() ? Type::none : type_of(values[0]);
  const std::string argument = values.empty() ? "" : values[0].sql;
  const std::string chosen = distinct ? "DISTINCT " : "";
  const auto wrong = [&]() -> Expression {
    fail("42883", fmt::format("function {}({}) does not exist", name, values.empty() ? "" : info(type).title),
         "No function matches the given name and argument types. You might need to add explicit type casts.");
  };
  Expression result{"", {type, -1}, name};
  std::string after; // what is done to the aggregate
  if (name == "count") {
    if (!star && values.size() != 1)
      return wrong();
    result = {"count(" + (star ? std::string("*") : chosen + ordering(values[0])) + ")", {Type::int8}, name};
  } else if (name == "sum" || name == "avg") {
    if (values.size() != 1 || !is_number(type))
      return wrong();
    // PostgreSQL's types: a sum of integers is a bigint, of bigints a numeric, which SQLite's sum() would overflow.
    if (is_real(type))
      result = {name + "(" + chosen + argument + ")", {name == "sum" ? type : Type::float8}, name};
    else if (name == "sum" && type != Type::int8 && type != Type::numeric)
      result = {"sum(" + chosen + argument + ")", {Type::int8}, name};
    else
      result = {fmt::format("pg_numeric_{}({}{})", name, chosen, argument), {Type::numeric}, name};
  } else if (name == "min" || name == "max") {
    if (values.size() != 1)
      return wrong();
    if (type == Type::interval)
      unsupported(name + " of intervals");
    result = {name + "(" + ordering(values[0]) + ")", values[0].type, name};
  } else if (name == "bool_and" || name == "bool_or" || name == "every") {
    if (values.size() != 1 || type != Type::boolean)
      return wrong();
    result = {(name == "bool_or" ? "max(" : "min(") + argument + ")", {Type::boolean}, name};
  } else if (name == "array_agg" || name == "string_agg" || name == "json_agg" || name == "jsonb_agg") {
    if (name == "json_agg" || distinct)
      unsupported(distinct ? name + "(DISTINCT …)" : name);
    if (values.size() != (name == "string_agg" ? 2U : 1U))
      return wrong();
    result = {fmt::format("pg_collect('{}', {}, {}, {}, {}, {})", name, static_cast<int>(type), argument,
                          name == "string_agg" ? values[1].sql : "NULL", order_key, direction),
              {name == "string_agg"  ? Type::text
               : name == "jsonb_agg" ? Type::jsonb
                                     : array_of(type)},
              name};
  } else {
    std::string list;
    for (const auto& value : values)
      list += (list.empty() ? "" : ", ") + value.sql;
    const bool of_value = name == "lag" || name == "lead" || name == "first_value" || name == "last_value";
    result = {name + "(" + list + ")", of_value ? TypeName{type, -1} : TypeName{Type::int8}, name};
  }
  result.sql += filter;
  if (over)
    result.sql += over_clause();
  return result;
}

/// Frames are refused: without one SQLite's default is PostgreSQL's.
std::string Analyzer::over_clause() {
  expect("over");
  if (!is_symbol("("))
    unsupported("named windows");
  expect_symbol("(");
  std::string sql = " OVER (";
  if (accept_all({"partition", "by"})) {
    sql += "PARTITION BY ";
    const char* separator = "";
    do {
      sql += separator + ordering(expression());
      separator = ", ";
    } while (accept_symbol(","));
  }
  if (accept_all({"order", "by"})) {
    sql += " ORDER BY ";
    const char* separator = "";
    do {
      sql += separator + order_item(nullptr);
      separator = ", ";
    } while (accept_symbol(","));
  }
  if (!is_symbol(")"))
    unsupported("frames of windows");
  expect_symbol(")");
  return sql + ")";
}

} // namespace holdfast::fakes::pg
