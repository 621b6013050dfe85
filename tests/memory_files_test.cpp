#include "fakes/postgres/memory_files.hpp"

#include "tests/support/serving.hpp"

#include <doctest/doctest.h>
#include <memory>

using namespace holdfast;

namespace {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, Close>;

Database open(const fakes::MemoryFiles& files) {
  sqlite3* opened = nullptr;
  REQUIRE(sqlite3_open_v2("any", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, files.name()) == SQLITE_OK);
  Database database(opened);
  REQUIRE(sqlite3_exec(opened, "PRAGMA journal_mode=MEMORY; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=1000000",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
  return database;
}

std::string ask(const Database& database, const char* sql) {
  std::string answer;
  const auto collect = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) += values[0];
    return 0;
  };
  const int status = sqlite3_exec(database.get(), sql, collect, &answer, nullptr);
  return status == SQLITE_OK ? answer : sqlite3_errmsg(database.get());
}

constexpr auto five_thousand_rows =
    "INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE "
    "i < 5000) SELECT i, printf('%01000d', i) FROM s";

} // namespace

TEST_CASE("memory files: a database lives as long as its files and is shared by their connections alone") {
  const fakes::MemoryFiles files, others;
  const auto stranger = open(others);
  {
    const auto first = open(files), second = open(files);
    CHECK(ask(first, "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)") == "");
    CHECK(ask(first, five_thousand_rows) == "");
    CHECK(ask(second, "SELECT count(*) FROM t") == "5000");
    CHECK(ask(second, "DELETE FROM t WHERE id > 10") == "");
    CHECK(ask(first, "SELECT max(id) FROM t") == "10");
    CHECK(ask(stranger, "SELECT count(*) FROM t") == "no such table: t");
  }
  const auto later = open(files);
  CHECK(ask(later, "SELECT text FROM t WHERE id = 7") == std::string(999, '0') + "7");
  // What is cut off and grows again is as if it had never been written.
  CHECK(ask(later, "VACUUM") == "");
  CHECK(ask(later, five_thousand_rows).starts_with("UNIQUE"));
  CHECK(ask(later, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("postgres: a transaction larger than its session's cache is seen by others only once it is committed") {
  test::serve(test::Provider::fake, "postgres", [] {
    const test::Pg writer, reader;
    CHECK(writer.ask("CREATE TABLE t (id BIGINT PRIMARY KEY, text TEXT)") == "CREATE TABLE");
    CHECK(writer.ask("INSERT INTO t VALUES (0, 'before')") == "INSERT 0 1");
    for (const auto* end : {"ROLLBACK", "COMMIT"}) {
      CHECK(writer.ask("BEGIN") == "BEGIN");
      CHECK(writer.ask("UPDATE t SET text = 'after' WHERE id = 0") == "UPDATE 1");
      CHECK(writer.ask("INSERT INTO t SELECT i, repeat('0', 1000) FROM generate_series(1, 5000) AS i") ==
            "INSERT 0 5000");
      CHECK(writer.ask("SELECT count(*) FROM t") == "5001");
      CHECK(reader.ask("SELECT text FROM t") == "before");
      CHECK(writer.ask(end) == end);
    }
    CHECK(reader.ask("SELECT count(*), min(text) FROM t").starts_with("5001,0000"));
    CHECK(reader.ask("SELECT text FROM t WHERE id = 0") == "after");
  });
}
