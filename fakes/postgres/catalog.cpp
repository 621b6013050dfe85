#include "fakes/postgres/catalog.hpp"

#include <algorithm>
#include <memory>

namespace holdfast::fakes::pg {

namespace {

/// In quotes, with those inside doubled: whatever a client calls its tables and values cannot end the quotes.
std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote)
      out += c;
    out += c;
  }
  return out + quote;
}

/// Names of columns are kept in one text, separated by a character that no name has.
std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < list.size();) {
    const auto end = std::min(list.find('\x1f', begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

} // namespace

std::string quoted_name(std::string_view name) {
  return doubled(name, '"');
}
std::string quoted_text(std::string_view text) {
  return doubled(text, '\'');
}

const ColumnInfo* TableInfo::column(std::string_view wanted) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& one) { return one.name == wanted; });
  return found == columns.end() ? nullptr : &*found;
}

const ConstraintInfo* TableInfo::primary_key() const {
  const auto found =
      std::find_if(constraints.begin(), constraints.end(), [](const auto& one) { return one.kind == 'p'; });
  return found == constraints.end() ? nullptr : &*found;
}

/// SQLite takes such a key as the number of the row itself and keeps no index of its own for it.
const ColumnInfo* TableInfo::row_number() const {
  const auto* key = primary_key();
  if (key == nullptr || key->columns.size() != 1)
    return nullptr;
  const auto* found = column(key->columns[0]);
  return found != nullptr && is_integer(found->type.type) ? found : nullptr;
}

const char* Catalog::schema() {
  return "CREATE TABLE IF NOT EXISTS holdfast_columns (tab TEXT, ord INT, name TEXT, type INT, modifier INT, "
         "not_null INT, default_sql TEXT, default_text TEXT, sequence TEXT, identity INT, PRIMARY KEY (tab, ord)) "
         "WITHOUT ROWID;"
         "CREATE TABLE IF NOT EXISTS holdfast_constraints (tab TEXT, name TEXT, kind TEXT, columns TEXT, refers TEXT);"
         "CREATE TABLE IF NOT EXISTS holdfast_sequences (name TEXT PRIMARY KEY, id INT, start INT, step INT, "
         "owner TEXT)";
}

/// Prepares anew at each call: the answers are cached in `tables_`, and definitions are rare.
std::vector<Row> Catalog::ask(const char* sql, const std::string& parameter) const {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(database_, sql, -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw, sqlite3_finalize);
  sqlite3_bind_text(raw, 1, parameter.data(), static_cast<int>(parameter.size()), SQLITE_TRANSIENT);
  std::vector<Row> rows;
  while (sqlite3_step(raw) == SQLITE_ROW) {
    auto& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(raw); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, i));
      row.push_back(text == nullptr ? std::nullopt : std::optional<std::string>(text));
    }
  }
  return rows;
}

const TableInfo* Catalog::find(const std::string& table) {
  if (const auto found = tables_.find(table); found != tables_.end())
    return &found->second;
  const auto columns = ask("SELECT name, type, modifier, not_null, default_sql, default_text, sequence, identity, ord "
                           "FROM holdfast_columns WHERE tab = ?1 ORDER BY ord",
                           table);
  // Asked for apart from the columns: the fake's own tables must look to clients as if they did not exist.
  const auto exists = ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1 AND name NOT LIKE "
                          "'holdfast!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
                          table);
  if (exists.empty())
    return nullptr;
  TableInfo info{table, {}, {}};
  for (const auto& row : columns) {
    // After the last one in order: the number of a column that was dropped in between is not used again.
    info.next_ordinal = static_cast<std::size_t>(std::stoi(*row[8])) + 1;
    info.columns.push_back({*row[0],
                            {static_cast<Type>(std::stoi(*row[1])), std::stoi(*row[2])},
                            *row[3] == "1",
                            row[4].value_or(""),
                            row[5].value_or(""),
                            row[6].value_or(""),
                            static_cast<ColumnInfo::Identity>(std::stoi(*row[7]))});
  }
  for (const auto& row : ask("SELECT name, kind, columns, refers FROM holdfast_constraints WHERE tab = ?1", table))
    info.constraints.push_back({*row[0], (*row[1])[0], split(row[2].value_or("")), row[3].value_or("")});
  return &tables_.emplace(table, std::move(info)).first->second;
}

std::vector<ForeignKey> Catalog::foreign_keys_of(const std::string& table) const {
  std::vector<ForeignKey> keys;
  for (const auto& row :
       ask("SELECT name, tab, refers FROM holdfast_constraints WHERE kind = 'f' AND (tab = ?1 OR refers = ?1)", table))
    keys.push_back({*row[0], *row[1], *row[2]});
  return keys;
}

std::optional<std::string> Catalog::table_of_index(const std::string& index) const {
  const auto rows = ask("SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ?1", index);
  return rows.empty() ? std::nullopt : rows[0][0];
}

bool Catalog::has_sequence(const std::string& name) const {
  return !ask("SELECT 1 FROM holdfast_sequences WHERE name = ?1", name).empty();
}

} // namespace holdfast::fakes::pg
