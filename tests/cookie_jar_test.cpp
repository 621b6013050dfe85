// A browser's cookies, as RFC 6265 has them.
#include "harness/workload/cookie_jar.hpp"

#include <doctest/doctest.h>

using namespace holdfast::workload;
using namespace std::chrono_literals;

namespace {

constexpr WallTime noon{1'800'000'000};

struct Browser {
  CookieJar jar;
  JarTime now{};
  void reply(const std::string& header, const std::string& path = "/", const std::string& host = "shop.example") {
    jar.store(header, host, path, now, noon + std::chrono::duration_cast<WallTime>(now),
              "op" + std::to_string(++replies));
  }
  std::string sends(const std::string& path = "/", const std::string& host = "shop.example") {
    return jar.header(host, path, now);
  }
  int replies = 0;
};

} // namespace

TEST_CASE("cookies are kept, renewed and deleted by any reply") {
  Browser browser;
  browser.reply("sid=1; Path=/; Secure; HttpOnly; SameSite=Lax");
  browser.reply("theme=dark");
  CHECK(browser.sends() == "sid=1; theme=dark");
  browser.reply("sid=2; Path=/; Secure");
  CHECK(browser.sends() == "sid=2; theme=dark");
  CHECK(browser.jar.take_dropped().empty());
  browser.reply("sid=; Path=/; Max-Age=0");
  CHECK(browser.sends() == "theme=dark");
  const auto dropped = browser.jar.take_dropped();
  REQUIRE(dropped.size() == 1);
  CHECK(dropped[0].cookie == "sid");
  CHECK(dropped[0].by == "op4");
  CHECK(dropped[0].why.find("Max-Age=0") != std::string::npos);
  CHECK(browser.jar.take_dropped().empty()); // said once
}

TEST_CASE("a lifetime counts from receipt, Max-Age wins over Expires") {
  Browser browser;
  browser.reply("a=1; Max-Age=2");
  browser.reply("b=1; Expires=Fri, 15 Jan 2027 08:00:05 GMT"); // five seconds after noon, by the wall clock
  browser.reply("c=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=10");
  browser.reply("d=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(browser.sends() == "a=1; b=1; c=1");
  browser.now = 1999ms;
  CHECK(browser.sends() == "a=1; b=1; c=1");
  browser.now = 2s;
  CHECK(browser.sends() == "b=1; c=1");
  browser.now = 6s;
  CHECK(browser.sends() == "c=1");
  browser.reply("c=2; Max-Age=10");
  browser.now = 15s;
  CHECK(browser.sends() == "c=2"); // renewed
  browser.now = 17s;
  CHECK(browser.sends().empty());
}

TEST_CASE("paths: longest first, and only where they lead") {
  Browser browser;
  browser.reply("a=root; Path=/");
  browser.reply("a=account; Path=/account");
  browser.reply("b=default", "/account/login"); // of the folder of the request
  CHECK(browser.sends("/account/settings") == "a=account; b=default; a=root");
  CHECK(browser.sends("/account") == "a=account; b=default; a=root");
  CHECK(browser.sends("/accounts") == "a=root");
  CHECK(browser.sends("/account?x=1") == "a=account; b=default; a=root");
  browser.reply("a=; Path=/account; Max-Age=0");
  CHECK(browser.sends("/account/x") == "b=default; a=root");
  browser.reply("c=1; Path=relative", "/x/y"); // no path: the default
  CHECK(browser.sends("/x/z") == "c=1; a=root");
}

TEST_CASE("domains: the host and what is below the named one, never somebody else's") {
  Browser browser;
  browser.reply("a=1; Domain=shop.example");
  browser.reply("b=1; Domain=.shop.example");
  browser.reply("c=1"); // of this host alone
  browser.reply("d=1; Domain=other.example");
  browser.reply("e=1; Domain=example"); // a public suffix
  CHECK(browser.sends("/", "shop.example") == "a=1; b=1; c=1");
  CHECK(browser.sends("/", "www.shop.example") == "a=1; b=1");
  CHECK(browser.sends("/", "notshop.example").empty());
  CHECK(browser.sends("/", "SHOP.example") == "a=1; b=1; c=1");
  Browser local;
  local.reply("a=1; Domain=localhost", "/", "localhost");
  CHECK(local.sends("/", "localhost") == "a=1");
}

TEST_CASE("cookies with prefixes keep what the prefix promises") {
  Browser browser;
  browser.reply("__Host-a=1; Secure; Path=/");
  browser.reply("__Host-b=1; Secure; Path=/; Domain=shop.example");
  browser.reply("__Host-c=1; Secure; Path=/x");
  browser.reply("__Secure-d=1; Secure");
  CHECK(browser.sends() == "__Host-a=1; __Secure-d=1");
}

TEST_CASE("odd headers are read as browsers read them, and large ones are not kept") {
  Browser browser;
  browser.reply("  a = 1 ; path = / ; MAX-AGE = 100 ; unknown");
  browser.reply("b=x=y=z");
  browser.reply("c=\"quoted\"");
  browser.reply("novalue");
  browser.reply("=nameless");
  browser.reply("");
  browser.reply("d=1; Max-Age=soon");
  CHECK(browser.sends().find("a=1") == 0);
  CHECK(browser.sends().find("b=x=y=z") != std::string::npos);
  CHECK(browser.sends().find("c=\"quoted\"") != std::string::npos);
  CHECK(browser.sends().find("d=1") != std::string::npos);
  browser.reply("big=" + std::string(5000, 'x'));
  CHECK(browser.sends().find("big") == std::string::npos);
  for (int i = 0; i < 1000; ++i)
    browser.reply("n" + std::to_string(i) + "=1");
  CHECK(browser.jar.contents().size() <= CookieJar::most);
  CHECK(browser.sends().find("n999=1") != std::string::npos); // the oldest go
}

TEST_CASE("dates of cookies are read in the forms that servers use") {
  const auto at = [](const char* text) { return parse_cookie_date(text); };
  const WallTime expected{784'111'777};
  CHECK(at("Sun, 06 Nov 1994 08:49:37 GMT") == expected);
  CHECK(at("Sunday, 06-Nov-94 08:49:37 GMT") == expected);
  CHECK(at("Sun Nov  6 08:49:37 1994") == expected);
  CHECK(at("Sun, 06-Nov-1994 08:49:37 GMT") == expected);
  CHECK_FALSE(at("soon"));
  CHECK_FALSE(at("Sun, 31 Feb 1994 25:00:00 GMT"));
  CHECK_FALSE(at(""));
}
