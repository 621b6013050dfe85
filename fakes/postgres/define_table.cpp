// The columns and constraints of a table.
#include "fakes/postgres/analyzer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

struct Analyzer::NewTable {
  TableInfo info;
  std::vector<std::string> columns;     ///< SQLite's definitions
  std::vector<std::string> constraints; ///< after the columns
};

namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  for (const auto& name : names)
    all.push_back(quoted_name(name));
  return joined(all, ", ");
}

} // namespace

/// Adds to the plan the row of holdfast_columns from which the catalogue knows the column.
void Analyzer::describe(const std::string& table, const ColumnInfo& column, std::size_t ordinal) {
  plan_.sql.push_back(fmt::format("INSERT INTO holdfast_columns VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
                                  quoted_text(table), ordinal, quoted_text(column.name),
                                  static_cast<int>(column.type.type), column.type.modifier, column.not_null ? 1 : 0,
                                  quoted_text(column.default_sql), quoted_text(column.default_text),
                                  quoted_text(column.sequence), static_cast<int>(column.identity)));
}

/// The same for a constraint or an index, in holdfast_constraints.
void Analyzer::describe(const std::string& table, const ConstraintInfo& constraint) {
  plan_.sql.push_back(fmt::format("INSERT INTO holdfast_constraints VALUES ({}, {}, '{}', {}, {})", quoted_text(table),
                                  quoted_text(constraint.name), constraint.kind,
                                  quoted_text(joined(constraint.columns, "\x1f")), quoted_text(constraint.refers)));
}

/// Also an existing table's statement is read to its end, so that IF NOT EXISTS hides no syntax error.
void Analyzer::create_table() {
  plan_.tag = "CREATE TABLE";
  const bool if_not_exists = accept_all({"if", "not", "exists"});
  const auto [schema, name] = table_name();
  if (!schema.empty() && schema != "public")
    fail("3F000", fmt::format("schema \"{}\" does not exist", schema));
  if (is_word("as") || is_word("partition") || is_word("of"))
    unsupported("CREATE TABLE " + peek().text);
  NewTable table{{name, {}, {}}, {}, {}};
  Scope scope;
  scope_ = &scope;
  scope.relations.push_back({name, {}});
  const bool exists = skip_existing(if_not_exists, name);
  expect_symbol("(");
  std::vector<std::size_t> later; // constraints may name columns that follow
  if (!is_symbol(")"))
    do {
      const bool constraint =
          is_word("constraint") || is_word("primary") || is_word("foreign") || is_word("check") || is_word("unique");
      if (is_word("like") || is_word("exclude"))
        unsupported(peek().text + " in CREATE TABLE");
      if (!constraint) {
        column_definition(table);
        continue;
      }
      later.push_back(at_);
      for (int depth = 0; depth > 0 || (!is_symbol(",") && !is_symbol(")")); ++at_) {
        if (peek().kind == Token::Kind::end)
          syntax_error();
        depth += is_symbol("(") ? 1 : is_symbol(")") ? -1 : 0;
      }
    } while (accept_symbol(","));
  expect_symbol(")");
  const auto end = at_;
  for (const auto place : later) {
    at_ = place;
    table_constraint(table);
  }
  at_ = end;
  if (is_word("with") || is_word("partition") || is_word("inherits") || is_word("tablespace") || is_word("as"))
    unsupported("CREATE TABLE … " + peek().text);
  if (exists) {
    plan_.sql.clear();
    return;
  }
  const auto* key = table.info.primary_key();
  const auto* row_number = table.info.row_number();
  if (key != nullptr)
    for (const auto& column : key->columns)
      for (auto& one : table.info.columns)
        one.not_null = one.not_null || one.name == column;
  std::vector<std::string> parts;
  for (const auto& column : table.info.columns)
    parts.push_back(quoted_name(column.name) + " " +
                    (&column == row_number
                         ? std::string("INTEGER PRIMARY KEY")
                         : std::string(storage_of(column.type.type)) + (column.not_null ? " NOT NULL" : "")));
  if (key != nullptr && row_number == nullptr)
    parts.push_back("PRIMARY KEY (" + quoted_list(key->columns) + ")");
  parts.insert(parts.end(), table.constraints.begin(), table.constraints.end());
  if (parts.empty())
    unsupported("tables without columns");
  // Before the sequences that reading the columns has put into the plan already.
  plan_.sql.insert(plan_.sql.begin(), "CREATE TABLE " + quoted_name(name) + " (" + joined(parts, ", ") + ")");
  for (std::size_t i = 0; i < table.info.columns.size(); ++i)
    describe(name, table.info.columns[i], i + 1);
  for (const auto& constraint : table.info.constraints) {
    describe(name, constraint);
    if (constraint.kind == 'u')
      make_index(name, constraint);
  }
}

/// A sequence of a column's own; returns its name.
std::string Analyzer::serial(const std::string& table, const std::string& column) {
  auto name = table + "_" + column + "_seq";
  plan_.sql.push_back(fmt::format("INSERT INTO holdfast_sequences VALUES ({}, {}, 1, 1, {})", quoted_text(name),
                                  ids_.next++, quoted_text(table)));
  return name;
}

/// DEFAULT nextval('s') makes the column draw from that sequence, like a serial one: see `default_of`.
void Analyzer::default_value(ColumnInfo& column) {
  const auto begin = peek().begin;
  auto value = expression();
  const auto end = tokens_[at_ - 1].end;
  const bool literal = value.literal.has_value();
  column.default_text = std::string(sql_.substr(begin, end - begin));
  if (literal)
    column.default_text = quoted_text(*value.literal) + "::" + std::string(info(column.type.type).title);
  if (value.sql.starts_with("pg_nextval('"))
    column.sequence = value.sql.substr(12, value.sql.size() - 14);
  else
    column.default_sql = assigned(std::move(value), column).sql;
}

/// One column with its constraints, in whatever order they stand. A serial type is an integer that draws from a
/// sequence of its own.
void Analyzer::column_definition(NewTable& table) {
  ColumnInfo column{expect_name(), {}};
  const auto& name = table.info.name;
  if (table.info.column(column.name) != nullptr)
    fail("42701", fmt::format("column \"{}\" specified more than once", column.name));
  const bool small = is_word("smallserial") || is_word("serial2"), big = is_word("bigserial") || is_word("serial8");
  if (small || big || is_word("serial") || is_word("serial4")) {
    ++at_;
    column.type.type = small ? Type::int2 : big ? Type::int8 : Type::int4;
    column.not_null = true;
    column.sequence = serial(name, column.name);
    column.default_text = "nextval('" + column.sequence + "'::regclass)";
  } else {
    column.type = expect_type();
  }
  scope_->relations[0].columns.push_back({column.name, column.type, quoted_name(column.name)});
  for (;;) {
    const auto constraint = accept("constraint") ? expect_name() : std::string{};
    const auto named = [&](const std::string& otherwise) { return constraint.empty() ? otherwise : constraint; };
    if (accept_all({"not", "null"})) {
      column.not_null = true;
    } else if (accept("null")) {
      continue;
    } else if (accept("default")) {
      default_value(column);
    } else if (accept_all({"primary", "key"})) {
      table.info.constraints.push_back({named(name + "_pkey"), 'p', {column.name}});
    } else if (accept("unique")) {
      table.info.constraints.push_back({named(name + "_" + column.name + "_key"), 'u', {column.name}});
    } else if (is_word("check")) {
      table.constraints.push_back(check(table, named(name + "_" + column.name + "_check")));
    } else if (is_word("references")) {
      table.constraints.push_back(reference(table, {column.name}, named(name + "_" + column.name + "_fkey")));
    } else if (accept("generated")) {
      const bool always = accept("always");
      if (!always) {
        expect("by");
        expect("default");
      }
      expect("as");
      if (!is_word("identity"))
        unsupported("generated columns");
      expect("identity");
      if (is_symbol("("))
        unsupported("options of an identity");
      column.not_null = true;
      column.identity = always ? ColumnInfo::Identity::always : ColumnInfo::Identity::by_default;
      column.sequence = serial(name, column.name);
    } else if (accept("collate")) {
      (void)expect_name();
    } else {
      break;
    }
  }
  table.info.columns.push_back(std::move(column));
}

/// A constraint that stands by itself. Its columns must all be known by now.
void Analyzer::table_constraint(NewTable& table) {
  const auto& name = table.info.name;
  const auto given = accept("constraint") ? expect_name() : std::string{};
  const auto named = [&](const std::string& otherwise) { return given.empty() ? otherwise : given; };
  const auto expect_columns = [&] {
    auto columns = expect_names();
    for (const auto& column : columns)
      if (table.info.column(column) == nullptr)
        fail("42703", fmt::format("column \"{}\" named in key does not exist", column));
    return columns;
  };
  if (accept_all({"primary", "key"})) {
    table.info.constraints.push_back({named(name + "_pkey"), 'p', expect_columns()});
  } else if (accept("unique")) {
    const auto columns = expect_columns();
    table.info.constraints.push_back({named(name + "_" + joined(columns, "_") + "_key"), 'u', columns});
  } else if (is_word("check")) {
    table.constraints.push_back(check(table, named(name + "_check")));
  } else if (accept_all({"foreign", "key"})) {
    const auto columns = expect_columns();
    table.constraints.push_back(reference(table, columns, named(name + "_" + joined(columns, "_") + "_fkey")));
  } else {
    syntax_error();
  }
}

std::string Analyzer::check(NewTable& table, const std::string& name) {
  expect("check");
  expect_symbol("(");
  const auto sql = condition("CHECK").sql;
  expect_symbol(")");
  table.info.constraints.push_back({name, 'c'});
  return "CONSTRAINT " + quoted_name(name) + " CHECK (" + sql + ")";
}

/// REFERENCES. PostgreSQL refuses at once a key without a unique constraint on what it refers to; SQLite would only at
/// the first insert.
std::string Analyzer::reference(NewTable& table, const std::vector<std::string>& columns, const std::string& name) {
  expect("references");
  const auto [schema, other] = table_name();
  const auto& to = other == table.info.name ? table.info : expect_table(schema, other);
  std::vector<std::string> keys;
  if (is_symbol("(")) {
    keys = expect_names();
  } else {
    if (to.primary_key() == nullptr)
      fail("42704", fmt::format("there is no primary key for referenced table \"{}\"", other));
    keys = to.primary_key()->columns;
  }
  const bool unique = std::any_of(to.constraints.begin(), to.constraints.end(), [&](const auto& one) {
    return (one.kind == 'p' || one.kind == 'u') && one.columns == keys;
  });
  if (!unique && &to != &table.info)
    fail("42830", fmt::format("there is no unique constraint matching given keys for referenced table \"{}\"", other));
  std::string sql = fmt::format("CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})", quoted_name(name),
                                quoted_list(columns), quoted_name(other), quoted_list(keys));
  for (;;) {
    if (accept_all({"on", "delete"}) || accept_all({"on", "update"})) {
      const auto when = tokens_[at_ - 1].text;
      const std::string action = accept("cascade")                ? "CASCADE"
                                 : accept("restrict")             ? "RESTRICT"
                                 : accept_all({"set", "null"})    ? "SET NULL"
                                 : accept_all({"set", "default"}) ? "SET DEFAULT"
                                                                  : (expect("no"), expect("action"), "NO ACTION");
      sql += " ON " + when + " " + action;
    } else if (accept("deferrable")) {
      sql += " DEFERRABLE";
    } else if (accept_all({"initially", "deferred"})) {
      sql += " INITIALLY DEFERRED";
    } else if (!accept_all({"initially", "immediate"}) && !accept_all({"not", "deferrable"}) &&
               !accept_all({"match", "simple"})) {
      break;
    }
  }
  table.info.constraints.push_back({name, 'f', columns, other});
  return sql;
}

void Analyzer::add_column(const TableInfo& table, bool if_not_exists, std::size_t& added) {
  // Read as the only column of a table of its own; what of it SQLite cannot add is refused below.
  NewTable part{{table.name, {}, {}}, {}, {}};
  Scope scope;
  scope_ = &scope;
  scope.relations.push_back({table.name, {}});
  const auto commands = plan_.sql.size();
  column_definition(part);
  const auto& column = part.info.columns[0];
  if (table.column(column.name) != nullptr) {
    if (!if_not_exists)
      fail("42701", fmt::format("column \"{}\" of relation \"{}\" already exists", column.name, table.name));
    plan_.sql.resize(commands);
    return plan_.notices.push_back(
        {"42701", fmt::format("column \"{}\" of relation \"{}\" already exists, skipping", column.name, table.name)});
  }
  if (part.info.primary_key() != nullptr || !column.sequence.empty() || !part.constraints.empty())
    unsupported("ADD COLUMN with a key, a sequence, CHECK or REFERENCES");
  // SQLite's ADD COLUMN fills the rows that exist and takes only constants for it.
  const bool constant = column.default_sql.find('(') == std::string::npos;
  if (!constant)
    unsupported("ADD COLUMN with a default that is not a constant");
  plan_.sql.push_back("ALTER TABLE " + quoted_name(table.name) + " ADD COLUMN " + quoted_name(column.name) + " " +
                      std::string(storage_of(column.type.type)) +
                      (column.not_null && !column.default_sql.empty() ? " NOT NULL" : "") +
                      (column.default_sql.empty() ? "" : " DEFAULT " + column.default_sql));
  if (column.not_null && column.default_sql.empty())
    unsupported("ADD COLUMN NOT NULL without a default");
  describe(table.name, column, table.next_ordinal + added++);
  for (const auto& constraint : part.info.constraints) {
    describe(table.name, constraint);
    make_index(table.name, constraint);
  }
}

void Analyzer::add_constraint(const TableInfo& table) {
  NewTable part{{table.name, table.columns, {}}, {}, {}};
  Scope scope;
  scope_ = &scope;
  scope.relations.push_back({table.name, {}});
  table_constraint(part);
  const auto& constraint = part.info.constraints[0];
  if (constraint.kind != 'u')
    unsupported("ADD CONSTRAINT other than UNIQUE");
  describe(table.name, constraint);
  make_index(table.name, constraint);
}

} // namespace holdfast::fakes::pg
