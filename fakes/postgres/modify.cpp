// INSERT, UPDATE and DELETE.
#include "fakes/postgres/analyzer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

/// SQLite fills in the next row number where an INTEGER PRIMARY KEY is given null; PostgreSQL refuses that. Values that
/// cannot be null, a sequence's or a number, need no guard.
std::string guarded(const TableInfo& table, const ColumnInfo& column, std::string sql) {
  if (table.row_number() != &column || sql.starts_with("pg_nextval") || (sql[0] >= '0' && sql[0] <= '9'))
    return sql;
  return fmt::format("pg_not_null({}, {}, {})", sql, quoted_text(table.name), quoted_text(column.name));
}

std::string listed(const std::vector<std::string>& parts) {
  std::string list;
  for (const auto& part : parts)
    list += (list.empty() ? "" : ", ") + part;
  return list;
}

} // namespace

/// What stands for DEFAULT, and for a column that an INSERT does not name.
std::string Analyzer::default_of(const ColumnInfo& column) const {
  if (!column.sequence.empty())
    return "pg_nextval(" + quoted_text(column.sequence) + ")";
  return column.default_sql.empty() ? "NULL" : column.default_sql;
}

/// Puts the table that is written to in scope and notes it in the plan, for errors and for the write lock.
void Analyzer::target(const TableInfo& table, const std::string& alias) {
  plan_.table = table.name;
  plan_.writes = true;
  std::vector<Column> columns;
  for (const auto& column : table.columns)
    columns.push_back({column.name, column.type});
  add_relation(alias, columns);
}

/// SQLite's RETURNING names columns without their table and sees only the table that is written to.
void Analyzer::returning() {
  if (!accept("returning"))
    return;
  plan_.rows = true;
  if (scope_->relations.size() > 1)
    scope_->relations.resize(1);
  for (auto& column : scope_->relations[0].columns)
    column.sql = quoted_name(column.name);
  scope_->merged.clear();
  no_aggregates_in_ = "RETURNING";
  Query list;
  select_list(list);
  no_aggregates_in_.clear();
  list.head = " RETURNING ";
  plan_.sql.back() += sql_of(list, true);
  for (const auto& item : list.items)
    plan_.columns.push_back({item.name, item.type});
}

/// INSERT. The values of each row are made in the order of the columns that the statement names; the other columns get
/// their defaults written out.
void Analyzer::insert() {
  expect("into");
  const auto [schema, name] = table_name();
  const auto& table = expect_table(schema, name);
  std::string alias = name;
  if (accept("as"))
    alias = expect_name();
  std::vector<const ColumnInfo*> columns;
  if (is_symbol("(") && !is_word("select", 1) && !is_word("with", 1)) {
    for (const auto& wanted : expect_names()) {
      const auto* column = table.column(wanted);
      if (column == nullptr)
        fail("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", wanted, name));
      if (std::find(columns.begin(), columns.end(), column) != columns.end())
        fail("42701", fmt::format("column \"{}\" specified more than once", wanted));
      columns.push_back(column);
    }
  } else {
    for (const auto& column : table.columns)
      columns.push_back(&column);
  }
  // Only without a list of columns may there be fewer values than columns: the rest takes its defaults.
  const bool implied = tokens_[at_ - 1].text != ")";
  bool overriding = false;
  if (accept("overriding")) {
    overriding = accept("system");
    if (!overriding)
      unsupported("OVERRIDING USER VALUE");
    expect("value");
  }
  Scope scope;
  scope_ = &scope;
  // Unlike DEFAULT, a value for a GENERATED ALWAYS column needs OVERRIDING SYSTEM VALUE.
  const auto refuse_generated = [&](const ColumnInfo& column) {
    if (column.identity == ColumnInfo::Identity::always && !overriding)
      throw SqlFailure{{"428C9", fmt::format("cannot insert a non-DEFAULT value into column \"{}\"", column.name),
                        "Use OVERRIDING SYSTEM VALUE to override.",
                        fmt::format("Column \"{}\" is an identity column defined as GENERATED ALWAYS.", column.name)}};
  };
  std::vector<std::vector<std::string>> rows;
  std::string source;
  std::size_t given = columns.size();
  if (accept_all({"default", "values"})) {
    given = 0;
    rows.emplace_back();
  } else if (is_word("values")) {
    accept("values");
    no_aggregates_in_ = "VALUES";
    do {
      expect_symbol("(");
      auto& row = rows.emplace_back();
      do {
        if (row.size() >= columns.size())
          fail("42601", "INSERT has more expressions than target columns");
        const auto& column = *columns[row.size()];
        if (accept("default")) {
          row.push_back(guarded(table, column, default_of(column)));
          continue;
        }
        auto value = expression();
        refuse_generated(column);
        row.push_back(guarded(table, column, assigned(std::move(value), column).sql));
      } while (accept_symbol(","));
      expect_symbol(")");
      if (row.size() < columns.size() && !implied)
        fail("42601", "INSERT has more target columns than expressions");
      if (row.size() != rows[0].size())
        fail("42601", "VALUES lists must all be the same length");
    } while (accept_symbol(","));
    given = rows[0].size();
    no_aggregates_in_.clear();
  } else {
    auto query = this->query();
    if (query.items.size() > columns.size())
      fail("42601", "INSERT has more expressions than target columns");
    if (query.items.size() < columns.size() && !implied)
      fail("42601", "INSERT has more target columns than expressions");
    given = query.items.size();
    auto& row = rows.emplace_back();
    if (query.compound.empty())
      for (std::size_t i = 0; i < given; ++i) // literals take the type of their column
        if (is_unknown(type_of(query.items[i])))
          query.items[i] = assigned(std::move(query.items[i]), *columns[i]);
    const auto sql = sql_of(query, true);
    for (std::size_t i = 0; i < given; ++i) {
      refuse_generated(*columns[i]);
      Expression value{"source." + quoted_name(query.names[i]), query.items[i].type};
      row.push_back(guarded(table, *columns[i], assigned(std::move(value), *columns[i]).sql));
    }
    source = " FROM (" + sql + ") AS source WHERE true"; // so that SQLite does not take ON CONFLICT for a join's
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < given; ++i)
    names.push_back(quoted_name(columns[i]->name));
  for (const auto& column : table.columns) {
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(given), &column) !=
        columns.begin() + static_cast<std::ptrdiff_t>(given))
      continue;
    // Defaults are written into each INSERT, not into SQLite's table: so ALTER … SET DEFAULT needs no new table.
    const auto value = guarded(table, column, default_of(column));
    if (value == "NULL")
      continue;
    names.push_back(quoted_name(column.name));
    for (auto& row : rows)
      row.push_back(value);
  }
  if (names.empty()) { // nothing but nulls
    names.push_back(quoted_name(table.columns[0].name));
    rows[0].emplace_back("NULL");
  }
  std::string sql = "INSERT INTO " + quoted_name(name) + " AS " + quoted_name(alias) + " (" + listed(names) + ")";
  if (!source.empty()) {
    sql += " SELECT " + listed(rows[0]) + source;
  } else {
    const char* separator = " VALUES (";
    for (const auto& row : rows) {
      sql += separator + listed(row) + ")";
      separator = ", (";
    }
  }
  target(table, alias);
  sql += conflict(table, alias);
  plan_.sql.push_back(std::move(sql));
  returning();
}

/// ON CONFLICT. SQLite does not know constraints by name: ON CONSTRAINT is written as the list of its columns.
std::string Analyzer::conflict(const TableInfo& table, const std::string& alias) {
  if (!accept_all({"on", "conflict"}))
    return {};
  std::string sql = " ON CONFLICT";
  bool named = false;
  if (accept_all({"on", "constraint"})) {
    named = true;
    const auto name = expect_name();
    const auto found = std::find_if(table.constraints.begin(), table.constraints.end(), [&](const auto& one) {
      return one.name == name && (one.kind == 'p' || one.kind == 'u');
    });
    if (found == table.constraints.end())
      fail("42704", fmt::format("constraint \"{}\" for table \"{}\" does not exist", name, table.name));
    std::vector<std::string> columns;
    for (const auto& column : found->columns)
      columns.push_back(quoted_name(column));
    sql += " (" + listed(columns) + ")";
  } else if (accept_symbol("(")) {
    named = true;
    for (auto& column : scope_->relations[0].columns) // as in an index: without the table
      column.sql = quoted_name(column.name);
    std::vector<std::string> parts;
    do
      parts.push_back(expression().sql);
    while (accept_symbol(","));
    expect_symbol(")");
    sql += " (" + listed(parts) + ")";
    if (accept("where"))
      sql += " WHERE " + condition("WHERE").sql;
    for (auto& column : scope_->relations[0].columns)
      column.sql = quoted_name(alias) + "." + quoted_name(column.name);
  }
  expect("do");
  if (accept("nothing"))
    return sql + " DO NOTHING";
  expect("update");
  expect("set");
  if (!named)
    fail("42601", "ON CONFLICT DO UPDATE requires inference specification or constraint name",
         "For example, ON CONFLICT (column_name).");
  std::vector<Column> columns;
  for (const auto& column : table.columns)
    columns.push_back({column.name, column.type});
  add_relation("excluded", columns);
  scope_->relations.back().hidden = true; // a bare name is the row that is there
  sql += " DO UPDATE SET " + assignments(table);
  if (accept("where"))
    sql += " WHERE " + condition("WHERE").sql;
  scope_->relations.pop_back();
  plan_.writes_rows_once = true;
  return sql;
}

/// The list after SET, of an UPDATE and of ON CONFLICT DO UPDATE.
std::string Analyzer::assignments(const TableInfo& table) {
  std::vector<std::string> parts;
  std::set<std::string> seen;
  do {
    if (is_symbol("("))
      unsupported("SET of several columns in parentheses");
    const auto name = expect_name();
    const auto* column = table.column(name);
    if (column == nullptr)
      fail("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, table.name));
    if (!seen.insert(name).second)
      fail("42601", fmt::format("multiple assignments to same column \"{}\"", name));
    expect_symbol("=");
    if (accept("default")) {
      parts.push_back(quoted_name(name) + " = " + guarded(table, *column, default_of(*column)));
      continue;
    }
    if (column->identity == ColumnInfo::Identity::always)
      fail("428C9", fmt::format("column \"{}\" can only be updated to DEFAULT", name));
    no_aggregates_in_ = "UPDATE";
    auto value = expression();
    no_aggregates_in_.clear();
    parts.push_back(quoted_name(name) + " = " + guarded(table, *column, assigned(std::move(value), *column).sql));
  } while (accept_symbol(","));
  return listed(parts);
}

/// With FROM the assignments and WHERE may name all tables, RETURNING only the target.
void Analyzer::update() {
  accept("only");
  const auto [schema, name] = table_name();
  const auto& table = expect_table(schema, name);
  const auto alias = is_word("set") ? name : this->alias().value_or(name);
  expect("set");
  Scope scope;
  scope_ = &scope;
  target(table, alias);
  // FROM first: the assignments may name its tables.
  const auto list = at_;
  std::string tables;
  std::size_t after = 0;
  for (int depth = 0; peek().kind != Token::Kind::end; ++at_) {
    depth += is_symbol("(") ? 1 : is_symbol(")") ? -1 : 0;
    if (depth == 0 && (is_word("where") || is_word("returning")))
      break;
    if (depth == 0 && is_word("from") && !(tokens_[at_ - 1].text == "distinct")) {
      ++at_;
      tables = " FROM " + from_clause();
      after = at_;
      break;
    }
  }
  at_ = list;
  std::string sql = "UPDATE " + quoted_name(name) + " AS " + quoted_name(alias) + " SET " + assignments(table) + tables;
  if (!tables.empty())
    at_ = after;
  sql += where();
  plan_.sql.push_back(std::move(sql));
  returning();
}

/// " WHERE …" of an UPDATE or a DELETE; nothing when there is none.
std::string Analyzer::where() {
  if (!accept("where"))
    return {};
  no_aggregates_in_ = "WHERE";
  auto sql = " WHERE " + condition("WHERE").sql;
  no_aggregates_in_.clear();
  return sql;
}

void Analyzer::remove() {
  expect("from");
  accept("only");
  const auto [schema, name] = table_name();
  const auto& table = expect_table(schema, name);
  const auto alias = this->alias().value_or(name);
  if (is_word("using"))
    unsupported("DELETE … USING");
  Scope scope;
  scope_ = &scope;
  target(table, alias);
  std::string sql = "DELETE FROM " + quoted_name(name) + " AS " + quoted_name(alias);
  sql += where();
  plan_.sql.push_back(std::move(sql));
  returning();
}

} // namespace holdfast::fakes::pg
