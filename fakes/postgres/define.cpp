// CREATE, DROP, ALTER and TRUNCATE. Each writes two kinds of SQL into the plan: what SQLite is to do, and the changes
// to the holdfast_ tables from which Catalog answers. Both run in one transaction, so that they never differ.
#include "fakes/postgres/analyzer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

SqlError notice(std::string state, std::string message) {
  return {std::move(state), std::move(message)};
}

} // namespace

/// True when there is a relation of that name and IF NOT EXISTS was said, with the notice for it; throws without it.
/// Tables, indexes and sequences share one name space in PostgreSQL.
bool Analyzer::skip_existing(bool if_not_exists, const std::string& name) {
  const bool exists = catalog_.find(name) != nullptr || catalog_.table_of_index(name) || catalog_.has_sequence(name);
  if (!exists)
    return false;
  if (!if_not_exists)
    fail("42P07", fmt::format("relation \"{}\" already exists", name));
  plan_.notices.push_back(notice("42P07", fmt::format("relation \"{}\" already exists, skipping", name)));
  return true;
}

void Analyzer::create() {
  plan_.writes = plan_.defines = true;
  if (is_word("temp") || is_word("temporary"))
    unsupported("temporary tables");
  if (accept("unlogged") || is_word("table")) {
    expect("table");
    return create_table();
  }
  if (accept_all({"unique", "index"}))
    return create_index(true);
  if (accept("index"))
    return create_index(false);
  if (accept("sequence"))
    return create_sequence();
  if (peek().kind != Token::Kind::word)
    syntax_error();
  unsupported("CREATE " + std::string(sql_.substr(peek().begin, peek().end - peek().begin)));
}

/// A UNIQUE constraint is an index of its name, not part of the table: SQLite can drop an index, not a constraint.
void Analyzer::make_index(const std::string& table, const ConstraintInfo& index) {
  std::string list;
  for (const auto& column : index.columns)
    list += (list.empty() ? "" : ", ") + quoted_name(column);
  plan_.sql.push_back("CREATE UNIQUE INDEX " + quoted_name(index.name) + " ON " + quoted_name(table) + " (" + list +
                      ")");
}

/// Without a name it gets PostgreSQL's: table, columns, "idx". Columns to be included change no result and are skipped.
void Analyzer::create_index(bool unique) {
  plan_.tag = "CREATE INDEX";
  accept("concurrently");
  const bool if_not_exists = accept_all({"if", "not", "exists"});
  std::string name = is_word("on") ? std::string{} : expect_name();
  expect("on");
  accept("only");
  const auto [schema, table_name] = this->table_name();
  const auto& table = expect_table(schema, table_name);
  if (accept("using")) {
    const auto method = expect_name();
    if (method != "btree" && method != "hash")
      unsupported("indexes of the kind " + method);
  }
  Scope scope;
  scope_ = &scope;
  Relation relation{table.name, {}};
  for (const auto& column : table.columns)
    relation.columns.push_back({column.name, column.type, quoted_name(column.name)});
  scope.relations.push_back(std::move(relation));
  expect_symbol("(");
  std::string list, names;
  std::vector<std::string> columns;
  do {
    const auto value = expression();
    columns.push_back(value.name);
    names += "_" + (value.name == "?column?" ? "expr" : value.name);
    list += (list.empty() ? "" : ", ") + value.sql;
    if (accept("desc"))
      list += " DESC";
    else
      accept("asc");
    if (accept("nulls"))
      ++at_; // where nulls come in an index changes no result
  } while (accept_symbol(","));
  expect_symbol(")");
  if (accept("include"))
    skip_parentheses();
  std::string where;
  if (accept("where"))
    where = " WHERE " + condition("WHERE").sql;
  if (name.empty())
    name = table.name + names + "_idx";
  if (skip_existing(if_not_exists, name))
    return;
  plan_.sql.push_back(fmt::format("CREATE {}INDEX {} ON {} ({}){}", unique ? "UNIQUE " : "", quoted_name(name),
                                  quoted_name(table.name), list, where));
  describe(table.name, ConstraintInfo{name, 'i', columns});
}

void Analyzer::create_sequence() {
  plan_.tag = "CREATE SEQUENCE";
  const bool if_not_exists = accept_all({"if", "not", "exists"});
  const auto name = table_name().second;
  std::string start = "1", step = "1";
  const auto number = [&] {
    const std::string sign = accept_symbol("-") ? "-" : "";
    if (peek().kind != Token::Kind::number)
      syntax_error();
    return sign + tokens_[at_++].text;
  };
  while (peek().kind != Token::Kind::end) {
    if (accept("start"))
      accept("with"), start = number();
    else if (accept("increment"))
      accept("by"), step = number();
    else if (accept("as"))
      (void)expect_type();
    else if (accept("cache"))
      (void)number();
    else if (!accept_all({"no", "minvalue"}) && !accept_all({"no", "maxvalue"}) && !accept_all({"no", "cycle"}))
      unsupported("this option of a sequence: " + peek().text);
  }
  if (skip_existing(if_not_exists, name))
    return;
  plan_.sql.push_back(fmt::format("INSERT INTO holdfast_sequences VALUES ({}, {}, {}, {}, NULL)", quoted_text(name),
                                  ids_.next++, start, step));
}

/// Several tables at once may refer to each other: only a key from a table that stays is in the way.
void Analyzer::drop() {
  plan_.writes = plan_.defines = true;
  const auto kind = peek().text;
  if (peek().kind != Token::Kind::word)
    syntax_error();
  ++at_;
  if (kind != "table" && kind != "index" && kind != "sequence") {
    if (kind == "view" || kind == "function" || kind == "trigger" || kind == "schema" || kind == "type" ||
        kind == "extension" || kind == "database" || kind == "role" || kind == "user" || kind == "materialized")
      unsupported("DROP " + kind);
    --at_;
    syntax_error();
  }
  plan_.tag = kind == "table" ? "DROP TABLE" : kind == "index" ? "DROP INDEX" : "DROP SEQUENCE";
  accept("concurrently");
  const bool if_exists = accept_all({"if", "exists"});
  std::vector<std::string> names;
  do
    names.push_back(table_name().second);
  while (accept_symbol(","));
  if (accept("cascade"))
    plan_.notices.clear();
  else
    accept("restrict");
  for (const auto& name : names) {
    const bool exists = kind == "table"   ? catalog_.find(name) != nullptr
                        : kind == "index" ? catalog_.table_of_index(name).has_value()
                                          : catalog_.has_sequence(name);
    if (!exists) {
      if (!if_exists)
        fail(kind == "index" ? "42704" : "42P01", fmt::format("{} \"{}\" does not exist", kind, name));
      plan_.notices.push_back(notice("00000", fmt::format("{} \"{}\" does not exist, skipping", kind, name)));
      continue;
    }
    if (kind == "index") {
      plan_.sql.push_back("DROP INDEX " + quoted_name(name));
      plan_.sql.push_back("DELETE FROM holdfast_constraints WHERE name = " + quoted_text(name));
    } else if (kind == "sequence") {
      plan_.sql.push_back("DELETE FROM holdfast_sequences WHERE name = " + quoted_text(name));
    } else {
      for (const auto& key : catalog_.foreign_keys_of(name))
        if (key.from != name && std::find(names.begin(), names.end(), key.from) == names.end())
          throw SqlFailure{{"2BP01", fmt::format("cannot drop table {} because other objects depend on it", name),
                            "Use DROP ... CASCADE to drop the dependent objects too.",
                            fmt::format("constraint {} on table {} depends on table {}", key.name, key.from, name)}};
      plan_.sql.push_back("DROP TABLE " + quoted_name(name));
      for (const auto* kept : {"holdfast_columns", "holdfast_constraints"})
        plan_.sql.push_back(fmt::format("DELETE FROM {} WHERE tab = {}", kept, quoted_text(name)));
      plan_.sql.push_back("DELETE FROM holdfast_sequences WHERE owner = " + quoted_text(name));
    }
  }
}

/// TRUNCATE is DELETE without conditions here. With CASCADE the loop goes on over the tables that it adds.
void Analyzer::truncate() {
  plan_.keyword = "truncate";
  plan_.tag = "TRUNCATE TABLE";
  plan_.writes = true;
  accept("table");
  accept("only");
  std::vector<std::string> names;
  do {
    const auto [schema, name] = table_name();
    (void)expect_table(schema, name);
    names.push_back(name);
  } while (accept_symbol(","));
  const bool restart = accept_all({"restart", "identity"});
  if (!restart)
    accept_all({"continue", "identity"});
  const bool cascade = accept("cascade");
  if (!cascade)
    accept("restrict");
  for (std::size_t i = 0; i < names.size(); ++i)
    for (const auto& key : catalog_.foreign_keys_of(names[i])) {
      if (std::find(names.begin(), names.end(), key.from) != names.end())
        continue;
      if (!cascade)
        throw SqlFailure{{"0A000", "cannot truncate a table referenced in a foreign key constraint",
                          fmt::format("Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.", key.from),
                          fmt::format("Table \"{}\" references \"{}\".", key.from, names[i])}};
      names.push_back(key.from);
    }
  plan_.table = names[0];
  // Tables that refer to others were added last and must be emptied first.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    plan_.sql.push_back("DELETE FROM " + quoted_name(*name));
    if (restart)
      for (const auto& column : catalog_.find(*name)->columns)
        if (!column.sequence.empty())
          plan_.sql.push_back("SELECT pg_restart(" + quoted_text(column.sequence) + ")");
  }
}

void Analyzer::alter() {
  plan_.writes = plan_.defines = true;
  if (!accept("table"))
    unsupported("ALTER " + peek().text);
  plan_.tag = "ALTER TABLE";
  const bool if_exists = accept_all({"if", "exists"});
  accept("only");
  const auto [schema, name] = table_name();
  if (catalog_.find(name) == nullptr && if_exists) {
    plan_.notices.push_back(notice("00000", fmt::format("relation \"{}\" does not exist, skipping", name)));
    // The rest cannot be read without the table; skip to the end of the statement.
    at_ = tokens_.size() - 1;
    return;
  }
  (void)expect_table(schema, name);
  plan_.table = name;
  std::size_t added = 0;
  do
    alter_one(name, added);
  while (accept_symbol(","));
}

/// One of the changes that ALTER TABLE lists. `added` counts the columns added so far, which the catalogue does not
/// know yet.
void Analyzer::alter_one(const std::string& name, std::size_t& added) {
  const auto& table = *catalog_.find(name);
  const auto in_column = [&](const std::string& column) {
    return fmt::format(" WHERE tab = {} AND name = {}", quoted_text(name), quoted_text(column));
  };
  const auto known = [&](const std::string& column) -> const ColumnInfo& {
    const auto* found = table.column(column);
    if (found == nullptr)
      fail("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", column, name));
    return *found;
  };
  if (accept("rename")) {
    if (accept("to")) {
      const auto to = expect_name();
      if (skip_existing(false, to))
        return;
      plan_.sql.push_back("ALTER TABLE " + quoted_name(name) + " RENAME TO " + quoted_name(to));
      for (const auto* kept : {"holdfast_columns", "holdfast_constraints"})
        plan_.sql.push_back(
            fmt::format("UPDATE {} SET tab = {} WHERE tab = {}", kept, quoted_text(to), quoted_text(name)));
      plan_.sql.push_back(fmt::format("UPDATE holdfast_constraints SET refers = {} WHERE refers = {}", quoted_text(to),
                                      quoted_text(name)));
      plan_.sql.push_back(
          fmt::format("UPDATE holdfast_sequences SET owner = {} WHERE owner = {}", quoted_text(to), quoted_text(name)));
      return;
    }
    accept("column");
    const auto from = known(expect_name()).name;
    expect("to");
    const auto to = expect_name();
    plan_.sql.push_back("ALTER TABLE " + quoted_name(name) + " RENAME COLUMN " + quoted_name(from) + " TO " +
                        quoted_name(to));
    plan_.sql.push_back("UPDATE holdfast_columns SET name = " + quoted_text(to) + in_column(from));
    // Constraints keep the names of their columns: each that names this one is written anew.
    for (auto constraint : table.constraints) {
      std::replace(constraint.columns.begin(), constraint.columns.end(), from, to);
      plan_.sql.push_back(fmt::format("DELETE FROM holdfast_constraints WHERE tab = {} AND name = {}",
                                      quoted_text(name), quoted_text(constraint.name)));
      describe(name, constraint);
    }
  } else if (accept("add")) {
    if (is_word("constraint") || is_word("primary") || is_word("foreign") || is_word("check") || is_word("unique"))
      return add_constraint(table);
    accept("column");
    const bool if_not_exists = accept_all({"if", "not", "exists"});
    add_column(table, if_not_exists, added);
  } else if (accept("drop")) {
    if (accept("constraint")) {
      const bool if_exists = accept_all({"if", "exists"});
      const auto constraint = expect_name();
      const auto found = std::find_if(table.constraints.begin(), table.constraints.end(),
                                      [&](const auto& one) { return one.name == constraint; });
      if (found == table.constraints.end() && !if_exists)
        fail("42704", fmt::format("constraint \"{}\" of relation \"{}\" does not exist", constraint, name));
      if (found == table.constraints.end())
        return;
      if (found->kind != 'u')
        unsupported("dropping a constraint that is not UNIQUE");
      plan_.sql.push_back("DROP INDEX " + quoted_name(constraint));
      plan_.sql.push_back("DELETE FROM holdfast_constraints WHERE name = " + quoted_text(constraint));
      return;
    }
    accept("column");
    const bool if_exists = accept_all({"if", "exists"});
    const auto column = expect_name();
    if (!accept("cascade"))
      accept("restrict");
    if (table.column(column) == nullptr && if_exists)
      return plan_.notices.push_back(
          notice("00000", fmt::format("column \"{}\" of relation \"{}\" does not exist, skipping", column, name)));
    (void)known(column);
    plan_.sql.push_back("ALTER TABLE " + quoted_name(name) + " DROP COLUMN " + quoted_name(column));
    plan_.sql.push_back("DELETE FROM holdfast_columns" + in_column(column));
  } else if (accept("alter")) {
    accept("column");
    auto column = known(expect_name());
    if (accept_all({"set", "default"})) {
      default_value(column);
    } else if (accept_all({"drop", "default"})) {
      column.default_sql.clear();
      column.default_text.clear();
      column.sequence.clear();
    } else {
      unsupported("ALTER COLUMN other than SET DEFAULT and DROP DEFAULT");
    }
    plan_.sql.push_back(fmt::format("UPDATE holdfast_columns SET default_sql = {}, default_text = {}, sequence = {}{}",
                                    quoted_text(column.default_sql), quoted_text(column.default_text),
                                    quoted_text(column.sequence), in_column(column.name)));
  } else {
    unsupported("ALTER TABLE … " + peek().text);
  }
}

} // namespace holdfast::fakes::pg
