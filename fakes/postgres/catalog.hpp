// What the fake knows of its tables beyond SQLite's own schema: PostgreSQL's types, defaults, names of constraints.
// Kept in tables of the same database, so that a rolled back definition is undone with everything else.
#pragma once

#include "fakes/postgres/wire.hpp"

#include <map>
#include <sqlite3.h>

namespace holdfast::fakes::pg {

struct ColumnInfo {
  std::string name;
  TypeName type;
  bool not_null = false;
  std::string default_sql = {};  ///< for SQLite; empty when there is none
  std::string default_text = {}; ///< as information_schema shows it
  std::string sequence = {};     ///< that a serial or identity column draws from
  enum class Identity { none, always, by_default } identity = Identity::none;
};

struct ConstraintInfo {
  std::string name;
  char kind = 'u'; ///< p, u, c, f; i for an index that is no constraint
  std::vector<std::string> columns = {};
  std::string refers = {}; ///< the table that a foreign key names
};

struct TableInfo {
  std::string name;
  std::vector<ColumnInfo> columns;
  std::vector<ConstraintInfo> constraints;
  std::size_t next_ordinal = 1; ///< of a column that is added

  [[nodiscard]] const ColumnInfo* column(std::string_view wanted) const;
  /// The column that is SQLite's row number: the only one of an integer primary key. Null when there is none.
  [[nodiscard]] const ColumnInfo* row_number() const;
  [[nodiscard]] const ConstraintInfo* primary_key() const;
};

struct ForeignKey {
  std::string name, from, to;
};

class Catalog {
public:
  explicit Catalog(sqlite3* database) : database_(database) {}

  /// Null when there is none. Valid until `forget`.
  const TableInfo* find(const std::string& table);
  [[nodiscard]] std::vector<ForeignKey> foreign_keys_of(const std::string& table) const; ///< from it or to it
  /// The table that an index is on; nothing when there is no such index.
  [[nodiscard]] std::optional<std::string> table_of_index(const std::string& index) const;
  [[nodiscard]] bool has_sequence(const std::string& name) const;
  /// To be called after a definition has changed, by this session or another: what was found before is void.
  void forget() { tables_.clear(); }

  /// The tables that it keeps, for a new database.
  static const char* schema();

private:
  [[nodiscard]] std::vector<Row> ask(const char* sql, const std::string& parameter) const;
  sqlite3* database_;
  std::map<std::string, TableInfo> tables_;
};

/// The relations of information_schema and pg_catalog: their columns, and where SQLite finds them.
struct SystemRelation {
  std::string_view schema, name;
  std::vector<Column> columns;
  std::string_view sql;
};
[[nodiscard]] const SystemRelation* system_relation(std::string_view schema, std::string_view name);

/// A name for SQLite.
[[nodiscard]] std::string quoted_name(std::string_view name);
[[nodiscard]] std::string quoted_text(std::string_view text);

} // namespace holdfast::fakes::pg
