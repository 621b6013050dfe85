// The fakes, asked by real clients over real sockets: libpq, hiredis, psql and redis-cli.
#include "tests/support/serving.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <thread>

using namespace holdfast;
namespace asio = boost::asio;

namespace {

using test::Pg;

void serve(const std::string& protocol, const std::function<void()>& client) {
  test::serve(test::Provider::fake, protocol, client);
}

} // namespace

TEST_CASE("postgres: statements, parameters, errors and transactions as libpq sees them") {
  serve("postgres", [] {
    Pg a, b;
    CHECK(a.ask("CREATE TABLE t (id BIGSERIAL PRIMARY KEY, name TEXT UNIQUE NOT NULL, n BIGINT, ok BOOLEAN)") ==
          "CREATE TABLE");
    CHECK(a.ask("INSERT INTO t (name, n, ok) VALUES ($1, $2::bigint, $3)", {"x", "7", "true"}) == "INSERT 0 1");
    CHECK(a.ask("INSERT INTO t (name) VALUES ('x')") == "23505");
    CHECK(a.ask("INSERT INTO t (n) VALUES (1)") == "23502");
    CHECK(a.ask("INSERT INTO t (name) VALUES ('x') ON CONFLICT (name) DO NOTHING") == "INSERT 0 0");
    // What failed has drawn from the sequence too.
    CHECK(a.ask("INSERT INTO t (name, n) VALUES ('y', 8) RETURNING id") == "5");
    CHECK(b.ask("SELECT id, name, n FROM t WHERE n > $1 ORDER BY id", {"0"}) == "1,x,7|5,y,8");
    CHECK(b.ask("SELECT * FROM missing") == "42P01");
    CHECK(b.ask("SELECT missing FROM t") == "42703");
    CHECK(b.ask("SELEC 1") == "42601");
    CHECK(b.ask("LISTEN x") == "0A000");
    CHECK(b.ask("SELECT '$2b$12$abc'") == "$2b$12$abc");
    // Read committed: others' work is seen when it is committed, one's own at once.
    CHECK(a.ask("BEGIN") == "BEGIN");
    CHECK(a.ask("UPDATE t SET n = n + 1 WHERE name = 'x'") == "UPDATE 1");
    CHECK(a.ask("SELECT n FROM t WHERE name = 'x'") == "8");
    CHECK(b.ask("SELECT n FROM t WHERE name = 'x'") == "7");
    CHECK(b.ask("SET lock_timeout = 50") == "SET");
    CHECK(b.ask("UPDATE t SET n = 0") == "55P03");
    CHECK(a.ask("COMMIT") == "COMMIT");
    CHECK(b.ask("SELECT n FROM t WHERE name = 'x' FOR UPDATE") == "8");
    // A failed transaction takes nothing more and is rolled back by COMMIT.
    CHECK(a.ask("BEGIN; INSERT INTO t (name) VALUES ('z')") == "INSERT 0 1");
    CHECK(PQtransactionStatus(a.connection) == PQTRANS_INTRANS);
    CHECK(a.ask("INSERT INTO t (name) VALUES ('z')") == "23505");
    CHECK(PQtransactionStatus(a.connection) == PQTRANS_INERROR);
    CHECK(a.ask("SELECT 1") == "25P02");
    CHECK(a.ask("COMMIT") == "ROLLBACK");
    CHECK(a.ask("SELECT count(*) FROM t") == "2");
    // Several statements in one message are one transaction.
    CHECK(a.ask("INSERT INTO t (name) VALUES ('p'); INSERT INTO t (name) VALUES ('p')") == "23505");
    CHECK(a.ask("SELECT count(*) FROM t") == "2");
  });
}

TEST_CASE("postgres: a connection that closes in a transaction has done nothing") {
  serve("postgres", [] {
    Pg a;
    CHECK(a.ask("CREATE TABLE t (n BIGINT)") == "CREATE TABLE");
    {
      Pg b;
      CHECK(b.ask("BEGIN; INSERT INTO t VALUES (1)") == "INSERT 0 1");
    }
    CHECK(a.ask("INSERT INTO t VALUES (2)") == "INSERT 0 1"); // waits until the other's lock is gone
    CHECK(a.ask("SELECT n FROM t") == "2");
  });
}

TEST_CASE("postgres: statements that are cut off, too deep or out of range are refused, and the session goes on") {
  serve("postgres", [] {
    const Pg pg;
    for (const std::string statement : {"SET",
                                        "SET LOCAL",
                                        "SET SESSION CHARACTERISTICS",
                                        "RESET",
                                        "SHOW",
                                        "BEGIN ISOLATION LEVEL",
                                        "DECLARE",
                                        "DECLARE c CURSOR FOR",
                                        "FETCH",
                                        "FETCH 99999999999999999999 FROM c",
                                        "CLOSE",
                                        "DEALLOCATE",
                                        "RELEASE",
                                        "ROLLBACK TO",
                                        "CREATE",
                                        "CREATE TABLE t (",
                                        "DROP",
                                        "ALTER",
                                        "SELECT 1 ORDER BY 99999999999999999999",
                                        "SELECT 'x'::varchar(99999999999999999999)",
                                        "SELECT $99999",
                                        "INSERT",
                                        "INSERT INTO",
                                        "UPDATE",
                                        "DELETE FROM",
                                        "WITH",
                                        "SELECT CASE",
                                        "SELECT (",
                                        "/*",
                                        "'",
                                        "LISTEN"}) {
      INFO(statement);
      CHECK(pg.ask(statement).size() == 5); // a state
      CHECK(pg.ask("ROLLBACK") == "ROLLBACK");
      CHECK(pg.ask("SELECT 1") == "1");
    }
    for (const auto* nested : {"(", "-", "NOT ", "(SELECT ", "ARRAY["}) {
      std::string statement = "SELECT ";
      for (int i = 0; i < 50000; ++i)
        statement += std::string(nested) + " ";
      CHECK(pg.ask(statement + "1").size() == 5);
    }
    CHECK(pg.ask("SELECT '" + std::string(50000, '[') + "'::jsonb") == "22P02");
    CHECK(pg.ask("SELECT 1") == "1");
  });
}

TEST_CASE("postgres: prepared statements, binary parameters and pipelines") {
  serve("postgres", [] {
    Pg a;
    CHECK(a.ask("CREATE TABLE t (n BIGINT PRIMARY KEY)") == "CREATE TABLE");
    const Oid type = 20;
    PQclear(PQprepare(a.connection, "put", "INSERT INTO t VALUES ($1)", 1, &type));
    const char big[8] = {0, 0, 0, 1, 0, 0, 0, 2};
    const char* value = big;
    const int length = 8, format = 1;
    auto* result = PQexecPrepared(a.connection, "put", 1, &value, &length, &format, 0);
    CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
    CHECK(a.ask("SELECT n FROM t") == "4294967298");
    // A batch up to Sync is one transaction: the second fails, so the first is undone.
    REQUIRE(PQenterPipelineMode(a.connection) == 1);
    for (int i = 0; i < 2; ++i)
      PQsendQueryParams(a.connection, "INSERT INTO t VALUES (5)", 0, nullptr, nullptr, nullptr, nullptr, 0);
    PQpipelineSync(a.connection);
    std::vector<ExecStatusType> seen;
    for (int nulls = 0; seen.empty() || seen.back() != PGRES_PIPELINE_SYNC;) {
      auto* next = PQgetResult(a.connection);
      if (next == nullptr) {
        if (++nulls > 20)
          break;
        continue;
      }
      seen.push_back(PQresultStatus(next));
      PQclear(next);
    }
    CHECK(seen == std::vector<ExecStatusType>{PGRES_COMMAND_OK, PGRES_FATAL_ERROR, PGRES_PIPELINE_SYNC});
    CHECK(PQexitPipelineMode(a.connection) == 1);
    CHECK(a.ask("SELECT count(*) FROM t") == "1");
  });
}

TEST_CASE("psql and redis-cli get along with the fakes") {
  const auto port = std::to_string(test::served_port());
  const test::TemporaryFolder folder;
  serve("postgres", [&] {
    const auto ran =
        test::run_program({"psql", "-h", "127.0.0.1", "-p", port, "-U", "shop", "-d", "x", "-Atc",
                           "CREATE TABLE t (n INT)", "-c", "INSERT INTO t VALUES (3)", "-c", "SELECT n FROM t"},
                          folder.path());
    CHECK(ran.out == "CREATE TABLE\nINSERT 0 1\n3\n");
    CHECK(ran.status == 0);
  });
  serve("redis", [&] {
    const auto ran = test::run_program(
        {"sh", "-c",
         "printf 'SET k v EX 100\\nGET k\\nTTL k\\nHSET h a 1 b 2\\nHGETALL h\\nNOPE\\n' | redis-cli -p " + port},
        folder.path());
    CHECK(ran.out == "OK\nv\n100\n2\na\n1\nb\n2\nERR unknown command 'NOPE', with args beginning with: \n\n");
    CHECK(test::run_program({"redis-cli", "-3", "-p", port, "HGETALL", "h"}, folder.path()).out == "a 1\nb 2\n");
  });
}

TEST_CASE("redis: MULTI, WATCH and expiry as hiredis sees them") {
  serve("redis", [] {
    const test::Redis a, b;
    CHECK(a.ask("INCR n") == "1");
    CHECK(a.ask("SET s text") == "OK");
    CHECK(a.ask("INCR s") == "ERR value is not an integer or out of range");
    CHECK(a.ask("HGET s f") == "WRONGTYPE Operation against a key holding the wrong kind of value");
    CHECK(a.ask("SET s x NX") == "nil");
    CHECK(a.ask("WATCH n") == "OK");
    CHECK(b.ask("INCR n") == "2");
    CHECK(a.ask("MULTI") == "OK");
    CHECK(a.ask("INCR n") == "QUEUED");
    CHECK(a.ask("EXEC") == "nil");
    CHECK(a.ask("MULTI") == "OK");
    CHECK(a.ask("INCR n") == "QUEUED");
    CHECK(a.ask("EXEC") == "array of 1");
    CHECK(a.ask("GET n") == "3");
    CHECK(a.ask("GETEX s PX 60000") == "text");
    CHECK(a.ask("TTL s") == "60");
    CHECK(a.ask("GETEX s") == "text");
    CHECK(a.ask("TTL s") == "60");
    CHECK(a.ask("GETEX s PERSIST") == "text");
    CHECK(a.ask("TTL s") == "-1");
    CHECK(a.ask("GETEX missing EX 10") == "nil");
    CHECK(a.ask("GETEX s EX 0") == "ERR invalid expire time in 'getex' command");
    CHECK(a.ask("GETEX s EX") == "ERR syntax error");
    CHECK(a.ask("SET e x PX 20") == "OK");
    while (a.ask("PTTL e") != "-2")
      std::this_thread::yield();
    CHECK(a.ask("GET e") == "nil");
  });
}
