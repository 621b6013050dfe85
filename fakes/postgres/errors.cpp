// Makes an SqlError of what SQLite has just refused, with the SQLSTATE and the constraint's name that PostgreSQL would
// give: applications decide by them whether to retry or to report. Whatever is not known here is 0A000, and says that
// it is the fake that cannot do it.
#include "fakes/postgres/session.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

/// What stands after the colon of "UNIQUE constraint failed: t.a, t.b".
std::string subject(const std::string& message) {
  const auto colon = message.find(": ");
  return colon == std::string::npos ? std::string{} : message.substr(colon + 2);
}

/// SQLite names the columns of a violated unique constraint ("t.a, t.b") or an index over expressions ("index 'name'"),
/// PostgreSQL the constraint: this finds the one over exactly these columns. Empty when there is none.
std::string unique_name(const TableInfo* table, const std::string& columns) {
  if (columns.starts_with("index '"))
    return columns.substr(7, columns.size() - 8);
  if (table == nullptr)
    return {};
  for (const auto& constraint : table->constraints) {
    std::string list;
    for (const auto& column : constraint.columns)
      list += (list.empty() ? "" : ", ") + table->name + "." + column;
    if (list == columns && constraint.kind != 'f' && constraint.kind != 'c')
      return constraint.name;
  }
  return {};
}

} // namespace

SqlError Session::last_error(const Statement* statement) const {
  const std::string message = sqlite3_errmsg(database_.get());
  if (auto own = error_in(message))
    return *own;
  auto& catalog = const_cast<Catalog&>(catalog_); // it only fills its cache
  const auto named = subject(message);
  const auto table_name =
      statement != nullptr && !statement->plan.table.empty() ? statement->plan.table : named.substr(0, named.find('.'));
  switch (sqlite3_extended_errcode(database_.get())) {
  case SQLITE_CONSTRAINT_PRIMARYKEY:
  case SQLITE_CONSTRAINT_UNIQUE:
  case SQLITE_CONSTRAINT_ROWID: {
    const auto name = unique_name(catalog.find(table_name), named);
    if (statement != nullptr && statement->plan.defines)
      return {"23505",    fmt::format("could not create unique index \"{}\"", name.empty() ? "" : name),
              "",         "",
              table_name, "",
              name};
    return {"23505", fmt::format("duplicate key value violates unique constraint \"{}\"", name), "", "", table_name, "",
            name};
  }
  case SQLITE_CONSTRAINT_FOREIGNKEY: {
    // SQLite does not say which foreign key was violated. A delete can only violate keys to the table, an insert only
    // keys from it; the key is named when that leaves exactly one.
    const bool removes = statement != nullptr && statement->keyword == "delete";
    const bool adds = statement != nullptr && statement->keyword == "insert";
    auto keys = catalog.foreign_keys_of(table_name);
    std::erase_if(keys, [&](const ForeignKey& key) {
      return (removes && key.to != table_name) || (adds && key.from != table_name);
    });
    if (keys.size() != 1)
      return {"23503", fmt::format("a foreign key constraint of table \"{}\" is violated", table_name), "", "",
              table_name};
    if (keys[0].from == table_name)
      return {"23503",
              fmt::format("insert or update on table \"{}\" violates foreign key constraint \"{}\"", table_name,
                          keys[0].name),
              "",
              "",
              table_name,
              "",
              keys[0].name};
    return {"23503",
            fmt::format("update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
                        table_name, keys[0].name, keys[0].from),
            "",
            "",
            keys[0].from,
            "",
            keys[0].name};
  }
  case SQLITE_CONSTRAINT_CHECK:
    return {"23514",    fmt::format("new row for relation \"{}\" violates check constraint \"{}\"", table_name, named),
            "",         "",
            table_name, "",
            named};
  case SQLITE_CONSTRAINT_NOTNULL: {
    const auto column = named.substr(named.find('.') + 1);
    return {
        "23502",
        fmt::format("null value in column \"{}\" of relation \"{}\" violates not-null constraint", column, table_name),
        "",
        "",
        table_name,
        column};
  }
  default:
    break;
  }
  switch (sqlite3_errcode(database_.get())) {
  case SQLITE_FULL:
    return {"53100", "could not write: " + message};
  case SQLITE_IOERR:
    return {"58030", "could not read or write: " + message};
  default:
    break;
  }
  if (message.starts_with("ON CONFLICT clause does not match"))
    return {"42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification"};
  return {"0A000", "the postgres fake cannot run this: " + message, "use provider = \"server\" for it"};
}

} // namespace holdfast::fakes::pg
