// The bodies of messages around a strike: bounded, masked, and nothing else's.
#include "harness/history/base64.hpp"
#include "harness/history/bodies.hpp"
#include "harness/history/reader.hpp"
#include "harness/history/secrets.hpp"
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fstream>

using namespace holdfast;
using history::Bodies;
using history::WireMessage;

namespace {

/// Adds messages with these bodies to a link, numbered in order.
struct Link {
  Bodies& bodies;
  std::string name;
  std::uint64_t sequence = 0;
  void say(const std::string& body) {
    const WireMessage message{.time = std::chrono::milliseconds(++sequence),
                              .link = name,
                              .peer = "web@1",
                              .connection = 1,
                              .exchange = sequence};
    bodies.add(message, sequence, body);
  }
};

std::vector<history::WireBody> read(const std::filesystem::path& folder) {
  auto read = history::read_bodies(folder);
  REQUIRE(std::holds_alternative<std::vector<history::WireBody>>(read));
  return std::get<std::vector<history::WireBody>>(std::move(read));
}

} // namespace

TEST_CASE("bodies are kept before and after a strike, and forgotten otherwise") {
  const test::TemporaryFolder folder;
  const history::Secrets secrets;
  Bodies bodies(folder.path(), secrets);
  Link link{bodies, "sessions"};
  const std::string kib(1024, 'x');
  for (int i = 0; i < 1000; ++i)
    link.say(kib);
  bodies.strike("first");
  for (int i = 0; i < 1000; ++i)
    link.say(kib);
  bodies.write();
  const auto kept = read(folder.path());
  REQUIRE(kept.size() == (Bodies::before + Bodies::after) / 1024);
  CHECK(kept.front().sequence == 1000 - Bodies::before / 1024 + 1);
  CHECK(kept.back().sequence == 1000 + Bodies::after / 1024);
  CHECK(kept.front().step == "first");
  CHECK(kept.front().bytes == kib);
}

TEST_CASE("each body is kept once, for the strike that it was nearest before or soon after") {
  const test::TemporaryFolder folder;
  const history::Secrets secrets;
  Bodies bodies(folder.path(), secrets);
  Link sessions{bodies, "sessions"}, ledger{bodies, "ledger"};
  sessions.say("a");
  ledger.say("b");
  bodies.strike("one");
  sessions.say("c");
  bodies.strike("two");
  sessions.say("d");
  bodies.write();
  std::string told;
  for (const auto& body : read(folder.path()))
    told += body.step + ":" + body.link + ":" + body.bytes + " ";
  CHECK(told == "one:ledger:b one:sessions:a one:sessions:c two:sessions:d ");
}

TEST_CASE("a long body is cut, and any bytes come back as they were") {
  const test::TemporaryFolder folder;
  const history::Secrets secrets;
  Bodies bodies(folder.path(), secrets);
  Link link{bodies, "ledger"};
  std::string every;
  for (int i = 0; i < 256; ++i)
    every += static_cast<char>(i);
  link.say(every);
  link.say(std::string(10 * Bodies::longest, 'y'));
  bodies.strike("kill");
  bodies.write();
  const auto kept = read(folder.path());
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].bytes == every);
  CHECK(kept[1].bytes.size() == Bodies::longest);
  CHECK(kept[1].size == 10 * Bodies::longest);
}

TEST_CASE("secrets in messages do not reach the bundle") {
  const test::TemporaryFolder folder;
  const history::Secrets secrets;
  Bodies bodies(folder.path(), secrets);
  Link link{bodies, "web"};
  link.say("POST /login HTTP/1.1\r\nAuthorization: Bearer hunter2\r\nCookie: a=hunter2; b=hunter2\r\n\r\n"
           "{\"user\":\"u\",\"password\":\"hunter2\"}");
  link.say("*3\r\n$4\r\nAUTH\r\n$4\r\nshop\r\n$7\r\nhunter2\r\n");
  link.say(std::string("Q\0\0\0\x30", 5) + "ALTER USER shop PASSWORD 'hunter2'" + '\0');
  bodies.strike("kill");
  bodies.write();
  for (const auto& body : read(folder.path())) {
    CHECK(body.bytes.find("hunter2") == std::string::npos);
    CHECK(body.bytes.find("***") != std::string::npos);
  }
}

TEST_CASE("base64 comes back as it went") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    CHECK(history::from_base64(history::to_base64(text)) == text);
  CHECK(history::to_base64("fooba") == "Zm9vYmE=");
  CHECK(history::from_base64("Zm9v!mE=") == std::nullopt);
  CHECK(history::from_base64("Zm9") == std::nullopt);
}
