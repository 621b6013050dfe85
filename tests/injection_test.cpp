// An injected error leaves both sides where a real server would leave them: the same cases on the fakes and on the real
// servers.
#include "harness/link/matcher.hpp"
#include "harness/link/toxic.hpp"
#include "tests/support/serving.hpp"

#include <doctest/doctest.h>

using namespace holdfast;
using test::Pg;
using test::Provider;

namespace {

/// Answers the first request that matches with an error.
class ErrorOnce final : public link::Tap {
public:
  ErrorOnce(link::Match match, protocol::ServerError error) : matcher_(std::move(match)), error_(std::move(error)) {}
  boost::asio::awaitable<link::Decision> request(const link::Message& message) override {
    if (!matcher_.request(message) || done_)
      co_return link::Decision{};
    done_ = true;
    co_return link::Decision{link::Decision::Kind::error, error_};
  }

private:
  link::Matcher matcher_;
  protocol::ServerError error_;
  bool done_ = false;
};

std::function<void(link::Link&)> once(const std::string& operation, const std::string& key, const std::string& code) {
  const auto keys = key.empty() ? std::vector<std::string>{} : std::vector{key};
  return [=](link::Link& link) {
    link.add(std::shared_ptr<link::Tap>(
                 std::make_shared<ErrorOnce>(link::Match{operation, keys, 0}, protocol::ServerError{code, "injected"})),
             {});
  };
}

} // namespace

TEST_CASE_TEMPLATE_DEFINE("an injected error and the transaction around it", Where, injected) {
  constexpr auto provider = Where::value;
  SUBCASE("a statement that fails by itself has done nothing, and the connection goes on") {
    for (const bool extended : {false, true})
      test::serve(
          provider, "postgres",
          [&] {
            const Pg a;
            CHECK(a.ask("CREATE TABLE t (n BIGINT)") == "CREATE TABLE");
            CHECK((extended ? a.ask("INSERT INTO t VALUES ($1)", {"1"}) : a.ask("INSERT INTO t VALUES (1)")) ==
                  "40001");
            CHECK(PQtransactionStatus(a.connection) == PQTRANS_IDLE);
            CHECK(a.ask("SELECT count(*) FROM t") == "0");
            CHECK(a.ask("INSERT INTO t VALUES (2)") == "INSERT 0 1");
          },
          once("insert", "t", "40001"));
  }
  SUBCASE("a statement that fails in a transaction spoils it") {
    for (const bool extended : {false, true})
      test::serve(
          provider, "postgres",
          [&] {
            const Pg a;
            CHECK(a.ask("CREATE TABLE t (n BIGINT)") == "CREATE TABLE");
            CHECK(a.ask("BEGIN") == "BEGIN");
            CHECK(a.ask("INSERT INTO t VALUES (1)") == "INSERT 0 1");
            CHECK((extended ? a.ask("UPDATE t SET n = $1", {"2"}) : a.ask("UPDATE t SET n = 2")) == "57014");
            CHECK(PQtransactionStatus(a.connection) == PQTRANS_INERROR);
            CHECK(a.ask("SELECT 1") == "25P02");
            CHECK(a.ask("COMMIT") == "ROLLBACK");
            CHECK(a.ask("SELECT count(*) FROM t") == "0");
          },
          once("update", "t", "57014"));
  }
  SUBCASE("a COMMIT that fails has ended its transaction, and nothing of it is there") {
    for (const bool extended : {false, true})
      test::serve(
          provider, "postgres",
          [&] {
            const Pg a;
            CHECK(a.ask("CREATE TABLE t (n BIGINT)") == "CREATE TABLE");
            CHECK(a.ask("BEGIN") == "BEGIN");
            CHECK(a.ask("INSERT INTO t VALUES (7)") == "INSERT 0 1");
            std::string state;
            if (extended) { // without parameters: as drivers do it that always use the extended protocol
              auto* result = PQexecParams(a.connection, "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 0);
              state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
              PQclear(result);
            } else {
              state = a.ask("COMMIT");
            }
            CHECK(state == "40001");
            CHECK(PQtransactionStatus(a.connection) == PQTRANS_IDLE);
            CHECK(a.ask("SELECT count(*) FROM t") == "0");
            CHECK(a.ask("INSERT INTO t VALUES (8)") == "INSERT 0 1");
          },
          once("commit", "7", "40001"));
  }
  SUBCASE("a COMMIT that fails before its Sync is sent has ended its transaction as well") {
    test::serve(
        provider, "postgres",
        [&] {
          const Pg a;
          CHECK(a.ask("CREATE TABLE t (n BIGINT)") == "CREATE TABLE");
          CHECK(a.ask("BEGIN") == "BEGIN");
          CHECK(a.ask("INSERT INTO t VALUES (7)") == "INSERT 0 1");
          REQUIRE(PQenterPipelineMode(a.connection) == 1);
          REQUIRE(PQsendQueryParams(a.connection, "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
          REQUIRE(PQsendFlushRequest(a.connection) == 1);
          REQUIRE(PQflush(a.connection) == 0);
          auto* result = PQgetResult(a.connection); // heard before the Sync is on its way
          CHECK(std::string(PQresultErrorField(result, PG_DIAG_SQLSTATE)) == "40001");
          PQclear(result);
          CHECK(PQgetResult(a.connection) == nullptr);
          REQUIRE(PQpipelineSync(a.connection) == 1);
          result = PQgetResult(a.connection);
          CHECK(PQresultStatus(result) == PGRES_PIPELINE_SYNC);
          PQclear(result);
          REQUIRE(PQexitPipelineMode(a.connection) == 1);
          CHECK(PQtransactionStatus(a.connection) == PQTRANS_IDLE);
          CHECK(a.ask("SELECT count(*) FROM t") == "0");
          CHECK(a.ask("INSERT INTO t VALUES (8)") == "INSERT 0 1");
        },
        once("commit", "7", "40001"));
  }
  SUBCASE("a server that gives up rolls back and closes") {
    test::serve(
        provider, "postgres",
        [&] {
          const Pg a, b;
          CHECK(a.ask("CREATE TABLE t (n BIGINT)") == "CREATE TABLE");
          CHECK(a.ask("BEGIN; INSERT INTO t VALUES (1)") == "INSERT 0 1");
          CHECK(a.ask("UPDATE t SET n = 2").starts_with("FATAL:  injected")); // libpq adds that the server closed
          CHECK(PQstatus(a.connection) == CONNECTION_BAD);
          CHECK(b.ask("SELECT count(*) FROM t") == "0");
        },
        once("update", "t", "57P01"));
  }
  SUBCASE("a Redis command that fails while it is queued spoils the transaction") {
    test::serve(
        provider, "redis",
        [&] {
          const test::Redis a;
          CHECK(a.ask("MULTI") == "OK");
          CHECK(a.ask("SET one 1") == "QUEUED");
          CHECK(a.ask("INCR two") == "LOADING injected");
          CHECK(a.ask("EXEC").starts_with("EXECABORT"));
          CHECK(a.ask("EXISTS one two") == "0");
          CHECK(a.ask("INCR two") == "1");
        },
        once("incr", "two", "LOADING"));
  }
  SUBCASE("an EXEC that fails has ended the transaction") {
    test::serve(
        provider, "redis",
        [&] {
          const test::Redis a;
          CHECK(a.ask("MULTI") == "OK");
          CHECK(a.ask("SET one 1") == "QUEUED");
          CHECK(a.ask("EXEC") == "ERR injected");
          CHECK(a.ask("EXISTS one") == "0");
          CHECK(a.ask("EXEC") == "ERR EXEC without MULTI");
        },
        once("exec", "", ""));
  }
}
TEST_CASE_TEMPLATE_INVOKE(injected, std::integral_constant<Provider, Provider::fake>,
                          std::integral_constant<Provider, Provider::server>);

TEST_CASE("after a COPY with parameters requests and replies still belong together") {
  std::uint64_t requests = 0, replies = 0;
  link::Link* served = nullptr;
  test::serve(
      Provider::server, "postgres",
      [&] {
        const Pg a;
        CHECK(a.ask("CREATE TABLE t (n BIGINT)") == "CREATE TABLE");
        // Without parameters, in the extended protocol: libpq sends a Sync behind the Execute, and one behind the data.
        auto* result = PQexecParams(a.connection, "COPY t FROM STDIN", 0, nullptr, nullptr, nullptr, nullptr, 0);
        CHECK(PQresultStatus(result) == PGRES_COPY_IN);
        PQclear(result);
        CHECK(PQputCopyData(a.connection, "1\n2\n", 4) == 1);
        CHECK(PQputCopyEnd(a.connection, nullptr) == 1);
        result = PQgetResult(a.connection);
        CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
        PQclear(result);
        CHECK(PQgetResult(a.connection) == nullptr);
        CHECK(a.ask("SELECT count(*) FROM t") == "2");
        CHECK(a.ask("INSERT INTO t VALUES ($1)", {"3"}) == "40001"); // told from its neighbours
        CHECK(a.ask("SELECT count(*) FROM t") == "2");
        requests = served->counters().requests, replies = served->counters().replies;
      },
      [&](link::Link& link) {
        served = &link;
        once("insert", "t", "40001")(link);
      });
  CHECK(requests == replies);
}
