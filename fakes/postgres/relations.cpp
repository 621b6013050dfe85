// FROM: tables, joins, subqueries and functions that return rows.
#include "fakes/postgres/analyzer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

std::pair<std::string, std::string> Analyzer::table_name() {
  auto name = expect_name();
  std::string schema;
  if (accept_symbol(".")) {
    schema = std::move(name);
    if (peek().kind != Token::Kind::word && peek().kind != Token::Kind::quoted)
      syntax_error();
    name = tokens_[at_++].text;
  }
  return {schema, name};
}

/// Valid until the catalogue forgets: within one statement's reading.
const TableInfo& Analyzer::expect_table(const std::string& schema, const std::string& name) {
  const auto shown = schema.empty() ? name : schema + "." + name;
  const auto* table = schema.empty() || schema == "public" ? catalog_.find(name) : nullptr;
  if (table == nullptr)
    fail("42P01", fmt::format("relation \"{}\" does not exist", shown));
  return *table;
}

/// Puts a table in scope under its alias, with the SQL by which its columns are named.
void Analyzer::add_relation(std::string alias, const std::vector<Column>& columns) {
  Relation relation{alias, {}};
  for (const auto& relation_before : scope_->relations)
    if (relation_before.alias == alias)
      fail("42712", fmt::format("table name \"{}\" specified more than once", alias));
  for (const auto& column : columns)
    relation.columns.push_back({column.name, column.type, quoted_name(alias) + "." + quoted_name(column.name)});
  scope_->relations.push_back(std::move(relation));
}

std::string Analyzer::from_clause() {
  std::string sql;
  do {
    const auto first = scope_->relations.size();
    auto item = from_item();
    sql += (sql.empty() ? "" : ", ") + item + join_tail(first);
  } while (accept_symbol(","));
  return sql;
}

/// The joins after a table of FROM; the relations from `first` on are its left side.
std::string Analyzer::join_tail(std::size_t first) {
  std::string sql;
  for (;;) {
    std::string join;
    bool condition_needed = true;
    if (accept_all({"cross", "join"})) {
      join = " CROSS JOIN ";
      condition_needed = false;
    } else if (is_word("natural")) {
      unsupported("NATURAL JOIN");
    } else if (is_word("left") || is_word("right") || is_word("full")) {
      join = tokens_[at_++].text == "left"      ? " LEFT JOIN "
             : tokens_[at_ - 1].text == "right" ? " RIGHT JOIN "
                                                : " FULL JOIN ";
      accept("outer");
      expect("join");
    } else if (accept_all({"inner", "join"}) || accept("join")) {
      join = " JOIN ";
    } else {
      return sql;
    }
    const auto right = scope_->relations.size();
    sql += join + from_item();
    if (!condition_needed)
      continue;
    if (accept("on")) {
      sql += " ON " + condition("JOIN/ON").sql;
      continue;
    }
    expect("using");
    const auto names = expect_names();
    std::string list;
    for (const auto& name : names) {
      const auto in = [&](std::size_t begin, std::size_t end) -> const ScopeColumn* {
        for (auto i = begin; i < end; ++i)
          for (const auto& column : scope_->relations[i].columns)
            if (column.name == name)
              return &column;
        return nullptr;
      };
      const auto* left_column = in(first, right);
      if (left_column == nullptr || in(right, scope_->relations.size()) == nullptr)
        fail("42703", fmt::format("column \"{}\" specified in USING clause does not exist in {} table", name,
                                  left_column == nullptr ? "left" : "right"));
      // A column of USING is one, and named without a table.
      scope_->merged.push_back({name, left_column->type, quoted_name(name)});
      list += (list.empty() ? "" : ", ") + quoted_name(name);
    }
    sql += " USING (" + list + ")";
  }
}

/// One table, subquery or function of FROM, with its alias. Puts its columns in scope.
std::string Analyzer::from_item() {
  const Deeper deeper(depth_);
  accept("only");
  if (is_word("lateral"))
    unsupported("LATERAL");
  std::string sql, name;
  std::vector<Column> columns;
  const TableInfo* table = nullptr;
  if (accept_symbol("(")) {
    if (!is_word("select") && !is_word("with") && !is_word("values") && !is_symbol("("))
      unsupported("joins in parentheses");
    // A derived table does not see its neighbours.
    auto* outer = scope_;
    Scope hidden;
    hidden.outer = outer->outer;
    scope_ = &hidden;
    sql = "(" + subquery(&columns) + ")";
    scope_ = outer;
    expect_symbol(")");
  } else if (at_name() && is_symbol("(", 1)) {
    name = expect_name();
    sql = table_function(name);
    columns = {{name, function_type_}};
  } else {
    std::string schema;
    std::tie(schema, name) = table_name();
    // In PostgreSQL's order: WITH hides everything of the same name, and the latest WITH the earlier ones.
    const auto cte = std::find_if(ctes_.rbegin(), ctes_.rend(), [&](const auto& one) { return one.first == name; });
    if (schema.empty() && cte != ctes_.rend()) {
      columns = cte->second;
      sql = quoted_name(name);
    } else if (const auto* system = system_relation(schema, name);
               system != nullptr && catalog_.find(name) == nullptr) {
      columns = system->columns;
      sql = "(" + std::string(system->sql) + ")";
    } else {
      table = &expect_table(schema, name);
      sql = quoted_name(name);
      for (const auto& column : table->columns)
        columns.push_back({column.name, column.type});
      if (plan_.table.empty())
        plan_.table = name;
    }
  }
  const bool is_function = columns.size() == 1 && columns[0].name == name && table == nullptr;
  auto known_as = alias();
  if (!known_as && name.empty())
    fail("42601", "subquery in FROM must have an alias", "For example, FROM (SELECT ...) [AS] foo.");
  const auto shown = known_as.value_or(name);
  std::vector<std::string> names;
  if (is_symbol("("))
    names = expect_names();
  else if (is_function && known_as) // its only column is called as it is
    names = {*known_as};
  if (names.size() > columns.size())
    fail("42P10", fmt::format("table \"{}\" has {} columns available but {} columns specified", shown, columns.size(),
                              names.size()));
  if (!names.empty()) { // SQLite knows no names after an alias: a subquery renames
    std::string list;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto to = i < names.size() ? names[i] : columns[i].name;
      list += fmt::format("{}{} AS {}", i > 0 ? ", " : "", quoted_name(columns[i].name), quoted_name(to));
      columns[i].name = to;
    }
    sql = "(SELECT " + list + " FROM " + sql + ")";
  }
  add_relation(shown, columns);
  if (table != nullptr && table->primary_key() != nullptr && table->primary_key()->columns.size() == 1)
    for (auto& column : scope_->relations.back().columns)
      column.key = column.name == table->primary_key()->columns[0];
  return sql + " AS " + quoted_name(shown);
}

/// A function that returns rows, as a subquery in SQLite. Its one column has the function's name; `function_type_` is
/// its type.
std::string Analyzer::table_function(const std::string& name) {
  auto values = arguments();
  if (name == "generate_series" && (values.size() == 2 || values.size() == 3)) {
    bool big = false;
    for (auto& value : values) {
      if (is_moment(type_of(value)) || type_of(value) == Type::numeric)
        unsupported("generate_series of other than integers");
      big = big || type_of(value) == Type::int8;
    }
    function_type_ = {big ? Type::int8 : Type::int4};
    for (auto& value : values)
      value = coerce(std::move(value), function_type_);
    const auto step = values.size() == 3 ? values[2].sql : std::string("1");
    return fmt::format(
        "(WITH RECURSIVE series(v) AS (SELECT {0} WHERE ({2} > 0 AND {0} <= {1}) OR ({2} < 0 AND {0} >= {1}) "
        "UNION ALL SELECT v + {2} FROM series WHERE ({2} > 0 AND v + {2} <= {1}) OR ({2} < 0 AND v + {2} >= "
        "{1})) SELECT v AS \"generate_series\" FROM series)",
        values[0].sql, values[1].sql, step);
  }
  if (name == "unnest" && values.size() == 1) {
    if (is_unknown(type_of(values[0])) && values[0].values.empty())
      values[0] = coerce(std::move(values[0]), {Type::text_array});
    if (!is_array(type_of(values[0])))
      fail("42883", fmt::format("function unnest({}) does not exist", info(type_of(values[0])).title));
    function_type_ = {element_of(type_of(values[0]))};
    return "(SELECT value AS \"unnest\" FROM json_each(" + values[0].sql + "))";
  }
  unsupported(name + "() in FROM");
}

} // namespace holdfast::fakes::pg
