// information_schema and pg_catalog, as far as drivers and migrations ask for them.
#include "fakes/postgres/catalog.hpp"

#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

constexpr auto tables_sql =
    "SELECT 'postgres' AS table_catalog, 'public' AS table_schema, name AS table_name, 'BASE TABLE' AS table_type FROM "
    "sqlite_master WHERE type = 'table' AND name NOT LIKE 'holdfast!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' "
    "ESCAPE '!'";
constexpr auto pg_tables_sql = "SELECT 'public' AS schemaname, name AS tablename, 'postgres' AS tableowner FROM "
                               "sqlite_master WHERE type = 'table' "
                               "AND name NOT LIKE 'holdfast!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
constexpr auto pg_indexes_sql =
    "SELECT 'public' AS schemaname, tab AS tablename, name AS indexname FROM holdfast_constraints WHERE kind IN ('p', "
    "'u', 'i')";
constexpr auto constraints_sql =
    "SELECT 'public' AS constraint_schema, name AS constraint_name, 'public' AS table_schema, tab AS table_name, CASE "
    "kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' ELSE 'FOREIGN KEY' END AS "
    "constraint_type FROM holdfast_constraints WHERE kind <> 'i'";
constexpr auto namespaces_sql =
    "SELECT 11 AS oid, 'pg_catalog' AS nspname UNION ALL SELECT 2200, 'public' UNION ALL SELECT 13000, "
    "'information_schema'";
constexpr auto class_sql =
    "SELECT 16384 + rowid AS oid, name AS relname, 2200 AS relnamespace, CASE type WHEN 'table' THEN 'r' ELSE 'i' END "
    "AS relkind FROM sqlite_master WHERE name NOT LIKE 'holdfast!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE "
    "'!'";

/// One SELECT a type: the list does not change.
const std::string& types_sql() {
  static const std::string sql = [] {
    std::string all;
    for (const auto& type : all_types())
      all +=
          fmt::format("{}SELECT {} AS oid, '{}' AS typname, 11 AS typnamespace, {} AS typlen, '{}' AS typtype, {} AS "
                      "typarray, {} AS typelem",
                      all.empty() ? "" : " UNION ALL ", static_cast<int>(type.type), type.name, type.size,
                      type.type == Type::nothing || type.type == Type::unknown ? "p" : "b",
                      static_cast<int>(type.array), static_cast<int>(element_of(type.type)));
    return all;
  }();
  return sql;
}

/// data_type and its kin of every column.
const std::string& columns_sql() {
  static const std::string sql = [] {
    std::string titles = "CASE type", names = "CASE type";
    for (const auto& type : all_types()) {
      titles +=
          fmt::format(" WHEN {} THEN '{}'", static_cast<int>(type.type), is_array(type.type) ? "ARRAY" : type.title);
      names += fmt::format(" WHEN {} THEN '{}'", static_cast<int>(type.type), type.name);
    }
    return fmt::format(
        "SELECT 'postgres' AS table_catalog, 'public' AS table_schema, tab AS table_name, name AS column_name, ord AS "
        "ordinal_position, nullif(default_text, '') AS column_default, CASE not_null WHEN 1 THEN 'NO' ELSE 'YES' END "
        "AS "
        "is_nullable, {} END AS data_type, CASE WHEN type IN (1042, 1043) AND modifier >= 4 THEN modifier - 4 END AS "
        "character_maximum_length, CASE type WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 "
        "THEN 53 WHEN 1700 THEN CASE WHEN modifier >= 4 THEN (modifier - 4) >> 16 END END AS numeric_precision, CASE "
        "WHEN type IN (20, 21, 23) THEN 0 WHEN type = 1700 AND modifier >= 4 THEN (modifier - 4) & 65535 END AS "
        "numeric_scale, CASE WHEN type IN (1082) THEN 0 WHEN type IN (1114, 1184, 1083, 1186) THEN 6 END AS "
        "datetime_precision, {} END AS udt_name, CASE identity WHEN 0 THEN 'NO' ELSE 'YES' END AS is_identity FROM "
        "holdfast_columns",
        titles, names);
  }();
  return sql;
}

} // namespace

const SystemRelation* system_relation(std::string_view schema, std::string_view name) {
  const auto text = [](const char* column) { return Column{column, {Type::name}}; };
  const auto number = [](const char* column) { return Column{column, {Type::int4}}; };
  static const std::vector<SystemRelation> all = {
      {"information_schema",
       "tables",
       {text("table_catalog"), text("table_schema"), text("table_name"), {"table_type", {Type::varchar}}},
       tables_sql},
      {"information_schema",
       "columns",
       {text("table_catalog"),
        text("table_schema"),
        text("table_name"),
        text("column_name"),
        number("ordinal_position"),
        {"column_default", {Type::varchar}},
        {"is_nullable", {Type::varchar, 7}},
        {"data_type", {Type::varchar}},
        number("character_maximum_length"),
        number("numeric_precision"),
        number("numeric_scale"),
        number("datetime_precision"),
        text("udt_name"),
        {"is_identity", {Type::varchar, 7}}},
       columns_sql()},
      {"information_schema",
       "table_constraints",
       {text("constraint_schema"),
        text("constraint_name"),
        text("table_schema"),
        text("table_name"),
        {"constraint_type", {Type::varchar}}},
       constraints_sql},
      {"pg_catalog", "pg_tables", {text("schemaname"), text("tablename"), text("tableowner")}, pg_tables_sql},
      {"pg_catalog", "pg_indexes", {text("schemaname"), text("tablename"), text("indexname")}, pg_indexes_sql},
      {"pg_catalog",
       "pg_type",
       {{"oid", {Type::oid}},
        text("typname"),
        {"typnamespace", {Type::oid}},
        {"typlen", {Type::int2}},
        {"typtype", {Type::one_char}},
        {"typarray", {Type::oid}},
        {"typelem", {Type::oid}}},
       types_sql()},
      {"pg_catalog", "pg_namespace", {{"oid", {Type::oid}}, text("nspname")}, namespaces_sql},
      {"pg_catalog",
       "pg_class",
       {{"oid", {Type::oid}}, text("relname"), {"relnamespace", {Type::oid}}, {"relkind", {Type::one_char}}},
       class_sql},
  };
  for (const auto& one : all)
    if (one.name == name && (one.schema == schema || (schema.empty() && one.schema == "pg_catalog")))
      return &one;
  return nullptr;
}

} // namespace holdfast::fakes::pg
