// Which rows of a table a statement writes, while this object lives: PostgreSQL refuses an upsert that would change a
// row twice, SQLite does not.
#pragma once

#include <set>
#include <sqlite3.h>
#include <string>

namespace holdfast::fakes::pg {

class WrittenRows {
public:
  WrittenRows(sqlite3* database, std::string table) : database_(database), table_(std::move(table)) {
    sqlite3_update_hook(database_, written, this);
  }
  ~WrittenRows() { sqlite3_update_hook(database_, nullptr, nullptr); }
  WrittenRows(const WrittenRows&) = delete;
  WrittenRows& operator=(const WrittenRows&) = delete;

  [[nodiscard]] bool any_twice() const { return twice_; }

private:
  static void written(void* self, int, const char*, const char* table, sqlite3_int64 row) {
    auto& rows = *static_cast<WrittenRows*>(self);
    if (rows.table_ == table)
      rows.twice_ = !rows.rows_.insert(row).second || rows.twice_;
  }

  sqlite3* database_;
  std::string table_;
  std::set<sqlite3_int64> rows_;
  bool twice_ = false;
};

} // namespace holdfast::fakes::pg
