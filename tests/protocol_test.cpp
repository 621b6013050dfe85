// Framing: what goes in comes out, cut wherever; requests and replies belong together.
#include "harness/protocol/conversation.hpp"
#include "harness/protocol/http.hpp"
#include "harness/protocol/kind.hpp"
#include "harness/protocol/postgres.hpp"

#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <random>

using namespace holdfast::protocol;

namespace {

struct Side {
  bool client;
  std::string bytes;
};

/// Feeds a dialogue in pieces of `cut` bytes; returns all units.
Units feed(std::string_view protocol, const std::vector<Side>& dialogue, std::size_t cut,
           std::string* unframed = nullptr) {
  const auto conversation = make_conversation(protocol);
  Units units;
  for (const auto& side : dialogue)
    for (std::size_t at = 0; at < side.bytes.size(); at += cut) {
      const auto piece = std::string_view(side.bytes).substr(at, cut);
      if (side.client)
        conversation->from_client(piece, units);
      else
        conversation->from_server(piece, units);
    }
  if (unframed != nullptr)
    *unframed = conversation->unframed();
  return units;
}

/// "request 1 get k", "reply 1", "reply 2 unanswered".
std::vector<std::string> story(const Units& units) {
  std::vector<std::string> all;
  for (const auto& unit : units) {
    if (unit.kind == Unit::Kind::pass)
      continue;
    std::string line = (unit.kind == Unit::Kind::request ? "request " : "reply ") + std::to_string(unit.exchange);
    for (const auto& operation : unit.request.operations)
      line += " " + operation;
    for (const auto& key : unit.request.keys)
      line += " [" + key + "]";
    if (!unit.answered)
      line += " unanswered";
    all.push_back(line);
  }
  return all;
}

std::string u32(std::uint32_t value) {
  return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U), static_cast<char>(value >> 8U),
          static_cast<char>(value)};
}
std::string message(char type, const std::string& body) {
  return type + u32(static_cast<std::uint32_t>(body.size() + 4)) + body;
}
std::string startup() {
  const std::string body = u32(196608) + std::string("user\0u\0\0", 8);
  return u32(static_cast<std::uint32_t>(body.size() + 4)) + body;
}
std::string zero(const std::string& text) {
  return text + '\0';
}
std::string query(const std::string& sql) {
  return message('Q', zero(sql));
}
std::string complete(const std::string& tag) {
  return message('C', zero(tag));
}
std::string ready(char status) {
  return message('Z', std::string(1, status));
}
std::string extended(const std::string& name, const std::string& sql, const std::vector<std::string>& values) {
  std::string bind = zero("") + zero(name) + std::string("\0\0\0", 3) + static_cast<char>(values.size());
  for (const auto& value : values)
    bind += u32(static_cast<std::uint32_t>(value.size())) + value;
  bind += std::string("\0\0", 2);
  return (sql.empty() ? std::string{} : message('P', zero(name) + zero(sql) + std::string("\0\0", 2))) +
         message('B', bind) + message('E', zero("") + u32(0));
}

void check_every_cut(std::string_view protocol, const std::vector<Side>& dialogue,
                     const std::vector<std::string>& expected) {
  std::string client, server;
  for (const auto& side : dialogue)
    (side.client ? client : server) += side.bytes;
  for (const std::size_t cut : {1UL, 2UL, 3UL, 7UL, 64UL, 100000UL}) {
    const auto units = feed(protocol, dialogue, cut);
    CHECK(story(units) == expected);
    std::string all;
    for (const auto& unit : units)
      all += unit.bytes;
    CHECK(all.size() == client.size() + server.size());
  }
}

} // namespace

TEST_CASE("every protocol of the list is one that a stack may name, and stands in the documentation") {
  std::string choices;
  for (const auto& kind : all_kinds()) {
    CHECK_FALSE(kind.schema.about.empty());
    CHECK(kind.make() != nullptr);
    choices += fmt::format("{}\"{}\"", choices.empty() ? "" : " | ", kind.schema.name);
  }
  std::ifstream file(holdfast::test::source("scenarios/README.md"));
  const std::string documented{std::istreambuf_iterator<char>(file), {}};
  CHECK(documented.find("{ protocol = " + choices + ",") != std::string::npos);
}

TEST_CASE("redis: pipelines, MULTI and pushes") {
  check_every_cut("redis",
                  {{true, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\r\n\r\nPING\r\n"},
                   {false, "$-1\r\n>2\r\n+message\r\n+x\r\n+OK\r\n+PONG\r\n"},
                   {true, "*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*1\r\n$4\r\nEXEC\r\n"},
                   {false, "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n"},
                   {true, "*1\r\n$4\r\nEXEC\r\n"},
                   {false, "-ERR EXEC without MULTI\r\n"}},
                  {"request 1 get [k]", "request 2 set [k]", "request 3 ping", "reply 1", "reply 2", "reply 3",
                   "request 4 multi", "request 5 incr [n]", "request 6 exec", "reply 4", "reply 5", "reply 6",
                   "request 7 exec", "reply 7 unanswered"});
}

TEST_CASE("redis: an EXEC answered with nothing did nothing") {
  CHECK(story(feed("redis", {{true, "*1\r\n$4\r\nEXEC\r\n"}, {false, "*-1\r\n"}}, 100)).back() == "reply 1 unanswered");
}

TEST_CASE("redis: what takes replies away from requests is said") {
  std::string why;
  (void)feed("redis", {{true, "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n"}}, 100, &why);
  CHECK(why == "after subscribe replies no longer belong to requests");
}

TEST_CASE("postgres: simple queries, several statements, implicit commits") {
  check_every_cut("postgres",
                  {{true, u32(8) + u32(80877103)},
                   {false, "N"},
                   {true, startup()},
                   {false, message('R', u32(0)) + ready('I')},
                   {true, query("INSERT INTO t VALUES ('t7')")},
                   {false, complete("INSERT 0 1") + ready('I')},
                   {true, query("BEGIN; UPDATE accounts SET x = 1")},
                   {false, complete("BEGIN") + complete("UPDATE 1") + ready('T')},
                   {true, query("END")},
                   {false, complete("COMMIT") + ready('I')}},
                  {"request 1 insert commit [t] [t7]", "reply 1", "request 2 begin update [accounts] [1]", "reply 2",
                   "request 3 commit [accounts] [1]", "reply 3"});
}

TEST_CASE("postgres: a COMMIT answered ROLLBACK is none") {
  CHECK(story(feed("postgres",
                   {{true, startup() + query("BEGIN")},
                    {false, complete("BEGIN") + ready('T')},
                    {true, query("bad")},
                    {false, message('E', zero("")) + ready('E')},
                    {true, query("COMMIT")},
                    {false, complete("ROLLBACK") + ready('I')}},
                   1000)) == std::vector<std::string>{"request 1 begin", "reply 1", "request 2 bad",
                                                      "reply 2 unanswered", "request 3 commit", "reply 3 unanswered"});
}

TEST_CASE("postgres: prepared statements are resolved, an implicit commit is done at ReadyForQuery") {
  const auto units =
      feed("postgres",
           {{true, startup() + extended("s", "INSERT INTO orders VALUES ($1)", {"o1"}) + message('S', "")},
            {false, message('1', "") + message('2', "") + complete("INSERT 0 1") + ready('I')},
            {true, extended("s", "", {"o2"}) + message('S', "")},
            {false, message('2', "") + complete("INSERT 0 1") + ready('I')}},
           5);
  CHECK(story(units) == std::vector<std::string>{"request 1 insert commit [orders] [o1]", "reply 1",
                                                 "request 2 insert commit [orders] [o2]", "reply 2"});
  CHECK(units.back().bytes == ready('I'));
}

TEST_CASE("postgres: after an error everything up to Sync is answered, and the count stays right") {
  const auto batch = extended("", "INSERT INTO a VALUES ($1)", {"1"}) +
                     extended("", "INSERT INTO b VALUES ($1)", {"2"}) + extended("", "SELECT 1", {}) + message('S', "");
  CHECK(story(feed("postgres",
                   {{true, startup() + batch + batch},
                    {false, complete("INSERT 0 1") + message('E', zero("")) + ready('I') + complete("INSERT 0 1") +
                                complete("INSERT 0 1") + complete("SELECT 1") + ready('I')}},
                   9)) == std::vector<std::string>{"request 1 insert commit [a] [1]", "request 2 insert commit [b] [2]",
                                                   "request 3 select [1]", "request 4 insert commit [a] [1]",
                                                   "request 5 insert commit [b] [2]", "request 6 select [1]",
                                                   "reply 1 unanswered", "reply 2 unanswered", "reply 3 unanswered",
                                                   "reply 6", "reply 4", "reply 5"});
}

TEST_CASE("postgres: a rollback to a savepoint keeps the transaction's keys") {
  CHECK(story(feed("postgres",
                   {{true, startup() + query("BEGIN")},
                    {false, complete("BEGIN") + ready('T')},
                    {true, query("INSERT INTO t VALUES ('t7')")},
                    {false, complete("INSERT 0 1") + ready('T')},
                    {true, query("ROLLBACK TO s")},
                    {false, complete("ROLLBACK") + ready('T')},
                    {true, query("COMMIT")}},
                   1000))
            .back() == "request 4 commit [t] [t7]");
}

TEST_CASE("http: keep-alive, chunked, HEAD, 1xx, until close") {
  check_every_cut("http",
                  {{true, "GET /orders/17?x=1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x HTTP/1.1\r\n\r\n"},
                   {false, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
                           "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
                   {true, "POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"},
                   {false, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"}},
                  {"request 1 GET get [/orders/17] [/orders/*]", "request 2 HEAD head [/x] [/x]", "reply 1", "reply 2",
                   "request 3 POST post [/p] [/p]", "reply 3 unanswered"});
  const auto conversation = make_conversation("http");
  Units units;
  conversation->from_client("GET / HTTP/1.1\r\n\r\n", units);
  conversation->from_server("HTTP/1.1 200 OK\r\n\r\nuntil the end", units);
  CHECK(story(units).size() == 1);
  conversation->server_closed(units);
  CHECK(story(units).back() == "reply 1");
}

TEST_CASE("http: the head of a request that waits for 100 Continue goes on, an event stream is not withheld") {
  const auto conversation = make_conversation("http");
  Units units;
  conversation->from_client("POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", units);
  REQUIRE(units.size() == 1);
  CHECK(units[0].kind == Unit::Kind::pass);
  conversation->from_server("HTTP/1.1 100 Continue\r\n\r\n", units);
  conversation->from_client("abc", units);
  CHECK(story(units) == std::vector<std::string>{"request 1 POST post [/a] [/a]"});
  CHECK_FALSE(units.back().whole);
  CHECK(conversation->inject(units.back(), {"500", "no"}).close); // the server still waits for the body
  conversation->from_server("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n", units);
  CHECK(units.back().bytes.ends_with("data: 1\n\n"));
  conversation->from_server("data: 2\n\n", units);
  CHECK(units.back().bytes == "data: 2\n\n");
  conversation->server_closed(units);
  CHECK(story(units).back() == "reply 1");
}

TEST_CASE("sql: escapes, nested comments and dollar quotes do not hide a statement") {
  const auto statements = read_statements("INSERT INTO a VALUES (E'it\\'s; not') /* x /* y */ ; */; "
                                          "UPDATE b SET c = $t1$;$t1$; DELETE FROM d WHERE e = $1");
  REQUIRE(statements.size() == 3);
  CHECK(statements[0].table == "a");
  CHECK(statements[0].literals == std::vector<std::string>{"it's; not"});
  CHECK(statements[1].keyword == "update");
  CHECK(statements[2].table == "d");
}

TEST_CASE("postgres: the ReadyForQuery of one simple query does not answer the next") {
  const auto units = feed("postgres",
                          {{true, startup() + query("INSERT INTO t VALUES (1)") + query("COMMIT")},
                           {false, message('C', zero("INSERT 0 1")) + message('Z', "I") +
                                       message('C', zero("ROLLBACK")) + message('Z', "I")}},
                          4096);
  CHECK(story(units) == std::vector<std::string>{"request 1 insert commit [t] [1]", "request 2 commit", "reply 1",
                                                 "reply 2 unanswered"});
}

TEST_CASE("postgres: what comes after a batch's error is skipped, not answered") {
  const auto execute = message('P', zero("") + zero("INSERT INTO t VALUES (1)") + std::string(2, '\0')) +
                       message('B', zero("") + zero("") + std::string(6, '\0')) + message('E', zero("") + u32(0));
  const auto units = feed("postgres",
                          {{true, startup() + execute},
                           {false, message('E', zero("SERROR") + zero(""))},
                           {true, execute + message('S', "")},
                           {false, message('Z', "I")}},
                          4096);
  CHECK(story(units) == std::vector<std::string>{"request 1 insert commit [t] [1]", "reply 1 unanswered",
                                                 "request 2 insert commit [t] [1]", "reply 2 unanswered"});
}

TEST_CASE("postgres: what is pipelined behind a COMMIT is in no transaction") {
  const auto units = feed(
      "postgres", {{true, startup() + query("BEGIN") + query("COMMIT") + query("INSERT INTO t VALUES (1)")}}, 4096);
  CHECK(story(units).back() == "request 3 insert commit [t] [1]");
}

TEST_CASE("postgres: a Sync that comes before the end of a COPY is none: the server ignores it") {
  const auto copy = message('P', zero("") + zero("COPY t FROM STDIN") + std::string(2, '\0')) +
                    message('B', zero("") + zero("") + std::string(6, '\0')) + message('E', zero("") + u32(0));
  const auto copy_in = message('1', "") + message('2', "") + message('G', std::string(3, '\0'));
  const auto select = extended("", "SELECT 1", {});
  const std::vector<std::string> both = {"request 1 copy commit [t]", "reply 1", "request 2 select [1]", "reply 2"};
  SUBCASE("sent before the server asked for data, as libpq does it") {
    CHECK(story(feed("postgres",
                     {{true, startup() + copy + message('S', "")},
                      {false, copy_in},
                      {true, message('d', "1\n") + message('c', "") + message('S', "")},
                      {false, complete("COPY 1") + ready('I')},
                      {true, select + message('S', "")},
                      {false, complete("SELECT 1") + ready('I')}},
                     7)) == both);
  }
  SUBCASE("sent among the data") {
    CHECK(story(feed("postgres",
                     {{true, startup() + copy},
                      {false, copy_in},
                      {true, message('S', "") + message('d', "1\n") + message('S', "") + message('f', zero("no")) +
                                 message('S', "")},
                      {false, message('E', zero("")) + ready('I')},
                      {true, select + message('S', "")},
                      {false, complete("SELECT 1") + ready('I')}},
                     1000)) == std::vector<std::string>{"request 1 copy commit [t]", "reply 1 unanswered",
                                                        "request 2 select [1]", "reply 2"});
  }
  SUBCASE("everything in one piece: the Sync behind the data counts") {
    CHECK(story(feed("postgres",
                     {{true, startup() + copy + message('S', "") + message('d', "1\n") + message('c', "") +
                                 message('S', "") + select + message('S', "")},
                      {false, copy_in + complete("COPY 1") + ready('I') + complete("SELECT 1") + ready('I')}},
                     1000)) ==
          std::vector<std::string>{"request 1 copy commit [t]", "request 2 select [1]", "reply 1", "reply 2"});
  }
  SUBCASE("a COPY that fails before it begins ignores no Sync") {
    CHECK(story(feed("postgres",
                     {{true, startup() + copy + message('S', "") + message('d', "1\n") + message('c', "") +
                                 message('S', "") + select + message('S', "")},
                      {false, message('E', zero("")) + ready('I') + ready('I') + complete("SELECT 1") + ready('I')}},
                     1000)) == std::vector<std::string>{"request 1 copy commit [t]", "request 2 select [1]",
                                                        "reply 1 unanswered", "reply 2"});
  }
}

TEST_CASE("postgres: a COMMIT that fails ends its transaction, whether or not its Sync is here already") {
  const auto commit = message('P', zero("") + zero("COMMIT") + std::string(2, '\0')) +
                      message('B', zero("") + zero("") + std::string(6, '\0')) + message('E', zero("") + u32(0));
  for (const bool sync_first : {false, true}) {
    const auto conversation = make_conversation("postgres");
    Units units;
    conversation->from_client(startup() + query("BEGIN"), units);
    conversation->from_server(complete("BEGIN") + ready('T'), units);
    conversation->from_client(commit, units);
    const auto request = units.back();
    if (sync_first)
      conversation->from_client(message('S', ""), units);
    const auto injection = conversation->inject(request, {"40001", "no"});
    CHECK(injection.to_server.starts_with(query("ROLLBACK")));
    CHECK(injection.to_server.size() > query("ROLLBACK").size()); // and what makes the server skip up to the Sync
    if (!sync_first)
      conversation->from_client(message('S', ""), units);
    units.clear();
    conversation->from_server(message('1', "") + message('2', "") + complete("ROLLBACK") + ready('I') +
                                  message('E', zero("")) + ready('I'),
                              units);
    std::string heard;
    for (const auto& unit : units)
      heard += unit.bytes.empty() ? '-' : unit.bytes[0];
    CHECK(heard == "12EZ");
    CHECK(story(units) == std::vector<std::string>{"reply 2 unanswered"});
  }
}

TEST_CASE("postgres: a COMMIT that is to fail and is skipped after an earlier error keeps its batch's ReadyForQuery") {
  const auto conversation = make_conversation("postgres");
  Units units;
  conversation->from_client(startup() + message('P', zero("") + zero("COMMIT") + std::string(2, '\0')) +
                                message('B', zero("") + zero("") + std::string(6, '\0')) +
                                message('E', zero("") + u32(0)),
                            units);
  const auto request = units.back();
  conversation->from_client(message('S', ""), units);
  (void)conversation->inject(request, {"40001", "no"});
  units.clear();
  conversation->from_server(message('E', zero("")) + ready('I'), units); // of the Parse
  REQUIRE(units.size() == 2);
  CHECK(units[1].bytes == ready('I'));
}

TEST_CASE("http: an answer that comes before the end of its request is that request's") {
  const std::string head = "POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  const std::string refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
  const std::vector<std::string> early = {"reply 1 unanswered", "request 1 POST post [/p] [/p]",
                                          "request 2 GET get [/x] [/x]", "reply 2"};
  SUBCASE("and the connection goes on") {
    std::string why;
    CHECK(story(feed("http",
                     {{true, head},
                      {false, refusal},
                      {true, "abcGET /x HTTP/1.1\r\n\r\n"},
                      {false, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}},
                     1000, &why)) == early);
    CHECK(why.empty());
  }
  SUBCASE("and what is injected afterwards is no second answer") {
    const auto conversation = make_conversation("http");
    Units units;
    conversation->from_client(head, units);
    conversation->from_server(refusal, units);
    conversation->from_client("abc", units);
    const auto injection = conversation->inject(units.back(), {"500", "no"});
    CHECK(injection.to_client.empty());
    CHECK(injection.close);
  }
  SUBCASE("up to the end of the connection") {
    const auto conversation = make_conversation("http");
    Units units;
    conversation->from_client(head, units);
    conversation->from_server("HTTP/1.1 401 Who\r\n\r\nyou", units);
    conversation->server_closed(units);
    CHECK(story(units) == std::vector<std::string>{"reply 1 unanswered"});
  }
  SUBCASE("but no request has two answers") {
    std::string why;
    (void)feed("http", {{true, head}, {false, refusal + refusal}}, 1000, &why);
    CHECK(why == "a response without a request");
  }
}

TEST_CASE("http: a message of two lengths cannot be framed, one that says its length twice can") {
  const auto why_not = [](const std::string& lengths) {
    std::string why;
    (void)feed("http", {{true, "POST /p HTTP/1.1\r\n" + lengths + "\r\nabc"}}, 1000, &why);
    return why;
  };
  CHECK(why_not("Content-Length: 3\r\nContent-Length: 2\r\n") == "two lengths for one message");
  CHECK(why_not("Content-Length: 3\r\nContent-Length: 3\r\n").empty());
}

TEST_CASE("http: an upgrade becomes opaque") {
  std::string why;
  (void)feed("http",
             {{true, "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"}, {false, "HTTP/1.1 101 Switching\r\n\r\n"}}, 100,
             &why);
  CHECK(why == "the connection was upgraded to another protocol");
}

TEST_CASE("no bytes crash a codec, and none get lost") {
  std::mt19937 random(11);
  const std::vector<std::pair<std::string, std::vector<std::string>>> seeds = {
      {"redis", {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$3\r\nabc\r\n*2\r\n:1\r\n+x\r\n%1\r\n+a\r\n_\r\n"}},
      {"http",
       {"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"}},
      {"postgres",
       {startup() + extended("s", "INSERT INTO t VALUES ($1)", {"a"}) + message('S', "") +
            query("SELECT 'x' /* y */; COMMIT"),
        complete("INSERT 0 1") + ready('I') + message('E', zero("x"))}}};
  for (int round = 0; round < 30000; ++round) {
    const auto& [protocol, sides] = seeds[static_cast<std::size_t>(round) % seeds.size()];
    const auto conversation = make_conversation(protocol);
    Units units;
    std::size_t in = 0, out = 0;
    for (int part = 0; part < 4; ++part) {
      auto bytes = sides[random() % 2] + (random() % 2 != 0 ? sides[0] : "");
      for (unsigned i = 0; i < random() % 6; ++i)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      if (random() % 4 == 0)
        bytes.resize(random() % bytes.size() + 1);
      in += bytes.size();
      if (random() % 2 != 0)
        conversation->from_client(bytes, units);
      else
        conversation->from_server(bytes, units);
    }
    for (const auto& unit : units)
      out += unit.bytes.size();
    REQUIRE(out <= in);
  }
}
