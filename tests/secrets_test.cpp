// What is a secret, and what stands for it.
#include "harness/history/secrets.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <fmt/format.h>

using holdfast::history::Secrets;

namespace {

/// The secret does not stand in the text any more, and its mark does, everything around it as it was.
void hides(const Secrets& secrets, const std::string& text, const std::string& secret) {
  INFO(text);
  const auto masked = secrets.mask(text);
  INFO(masked);
  CHECK(masked.find(secret) == std::string::npos);
  auto expected = text;
  expected.replace(expected.find(secret), secret.size(), secrets.mark(secret));
  CHECK(masked == expected);
}

} // namespace

TEST_CASE("marks: equal stays equal, different stays different, and another run has others") {
  const Secrets secrets, others;
  CHECK(secrets.mark("hunter2") == secrets.mark("hunter2"));
  CHECK(secrets.mark("hunter2") != secrets.mark("hunter3"));
  CHECK(secrets.mark("hunter2") != others.mark("hunter2"));
  CHECK(secrets.mark("hunter2").size() == 3 + 8);
  CHECK(secrets.mark("hunter2").starts_with("***"));
  CHECK(secrets.mask(secrets.mark("hunter2")) == secrets.mark("hunter2"));
}

TEST_CASE("secrets are found by name in what programs write") {
  const Secrets secrets(Secrets::Policy::mask, {"pin", "X-Shop-Key"});
  hides(secrets, "db_password = hunter2\nname = shop", "hunter2");
  hides(secrets, "DB_PASSWORD=hunter2", "hunter2");
  hides(secrets, R"({"user": "u", "password": "hunter2", "n": 1})", "hunter2");
  hides(secrets, R"({"accessToken":"hunter2"})", "hunter2");
  hides(secrets, "GET /?api_key=hunter2&x=1 HTTP/1.1", "hunter2");
  hides(secrets, "postgres://shop:hunter2@db/x", "hunter2");
  hides(secrets, "Authorization: Bearer hunter2\r\nHost: x", "Bearer hunter2");
  hides(secrets, "ALTER USER shop PASSWORD 'hunter2' VALID UNTIL 'x'", "hunter2");
  hides(secrets, "*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n", "hunter2");
  hides(secrets, "pin = 4711", "4711");           // declared
  hides(secrets, "x-shop-key: 4711\r\n", "4711"); // in any case of its letters
  for (const auto* harmless :
       {"name = shop", "tokens are counted", "a = b", "http://db:5432/x", "{\"n\": 7}", "spin = 4711"})
    CHECK(secrets.mask(harmless) == harmless);
}

TEST_CASE("private keys go as a whole, also where they are cut") {
  const Secrets secrets;
  const std::string key = "MIIEvQIBADANBg\nkqhkiG9w0BAQ\n";
  const auto masked = secrets.mask("a\n-----BEGIN PRIVATE KEY-----\n" + key + "-----END PRIVATE KEY-----\nb");
  CHECK(masked.find("MIIE") == std::string::npos);
  CHECK(masked.find("kqhk") == std::string::npos);
  CHECK(masked.starts_with("a\n"));
  CHECK(masked.ends_with("\nb"));
  CHECK(secrets.mask("-----BEGIN RSA PRIVATE KEY-----\n" + key).find("MIIE") == std::string::npos);
  const std::string certificate = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n";
  CHECK(secrets.mask(certificate) == certificate);
}

TEST_CASE("what a service gave out is masked wherever it stands, short values only where they are named") {
  Secrets secrets;
  secrets.learn("2473791676e5b28d");
  secrets.learn("u1");
  CHECK(secrets.mask("GET session:2473791676e5b28d of u1") ==
        "GET session:" + secrets.mark("2473791676e5b28d") + " of u1");
  CHECK(secrets.mask("x2473791676e5b28dx2473791676e5b28d").find("247379") == std::string::npos);
  const Secrets keeps(Secrets::Policy::keep);
  CHECK(keeps.mask("password = hunter2") == "password = hunter2");
  CHECK(keeps.mark("hunter2") == "hunter2");
}

TEST_CASE("masking takes time in proportion to the text, whatever it holds") {
  Secrets secrets;
  for (int i = 0; i < 20'000; ++i)
    secrets.learn(fmt::format("session-token-{:08}", i));
  const auto time = [&](const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    (void)secrets.mask(text);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  for (const std::string piece :
       {"password=", "-----BEGIN ", "a", "://", "://a:", "\"", "token", "AUTH\r\n", "=", "'"}) {
    std::string small, large;
    while (small.size() < 100'000)
      small += piece;
    for (int i = 0; i < 16; ++i)
      large += small;
    time(small);
    INFO(piece);
    CHECK(time(large) < 16 * 20 * std::max(time(small), 1e-5)); // a quadratic one takes 256 times as long
  }
}

TEST_CASE("values that end alike are told apart, and cost hardly more for it") {
  const auto mask = [](const std::string& tail, bool same_tail) {
    const auto value = [&](int i) {
      const auto number = std::to_string(1'000'000 + i);
      return same_tail ? number + tail : tail + number;
    };
    Secrets secrets;
    std::string text;
    for (int i = 0; i < 20000; ++i)
      secrets.learn(value(i));
    for (int i = 0; i < 2000; ++i)
      text += "x" + value(i) + " ";
    const auto begin = std::chrono::steady_clock::now();
    const auto masked = secrets.mask_learnt(text);
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(masked.find("cart") == std::string::npos);
    CHECK(masked.starts_with("x***"));
    CHECK(secrets.mask_learnt(value(1'000'000)) == value(1'000'000)); // alike, and not learnt
    return took;
  };
  const auto unlike = mask(",\"cart\":[]}", false);
  CHECK(mask(",\"cart\":[]}", true) < 100 * unlike); // of 20,000 values alike each cost thousands of comparisons
}
