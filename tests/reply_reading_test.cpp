// What replies mean, in the shapes that services give them; and what is said of those that do not fit.
#include "harness/workload/reply_reading.hpp"
#include "harness/workload/requests.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast;
using async::HttpReply;
using history::Outcome;
using scenario::Operation;
using workload::Reading;

namespace {

const workload::Sent sent{"/orders?page=1", "shop.example", "127.16.0.1", 20000};
const workload::GivenIds ids{"op1-", 50, false};

Operation purchases() {
  Operation operation{.name = "bought"};
  operation.role = scenario::Role::purchases;
  operation.ok.status = {200};
  operation.ok.list = scenario::ListCapture{.at = "/items", .fields = {{"id", "/id"}, {"amount", "/amount"}}};
  return operation;
}

HttpReply reply(int status, const std::string& body, const async::HttpHeaders& headers = {}) {
  return {.status = status, .headers = headers, .body = body};
}

Reading read(const Operation& operation, const HttpReply& answer, const workload::GivenIds& given = ids) {
  return workload::read_reply(operation, answer, sent, given);
}

std::string amounts(const Reading& reading) {
  std::string all;
  for (const auto& entry : reading.list)
    all += (all.empty() ? "" : " ") + (entry.amount ? entry.amount->text() : std::string("none"));
  return reading.outcome == Outcome::ok ? all
                                        : history::to_string(reading.outcome) + std::string(": ") + reading.reason;
}

} // namespace

TEST_CASE("amounts may be numbers or texts, with places behind the point") {
  const auto of = [](const std::string& amount) {
    return amounts(read(purchases(), reply(200, R"({"items":[{"id":"op1-1","amount":)" + amount + "}]}")));
  };
  CHECK(of("7") == "7");
  CHECK(of("7.0") == "7");
  CHECK(of("\"7.00\"") == "7");
  CHECK(of("\"7.25\"") == "7.25");
  CHECK(of("7.10") == "7.1");
  CHECK(of("7e0") == "7");
  CHECK(of("-3") == "-3");
  for (const auto* bad : {"\"seven\"", "true", "{}", "[7]", "-9223372036854775808"}) {
    INFO(std::string(bad));
    CHECK(of(bad).starts_with("info: "));
    CHECK(of(bad).find("/items/0/amount") != std::string::npos);
  }
}

TEST_CASE("ids may be numbers where services are told numbers") {
  const workload::GivenIds numbers{"op1-", 50, true};
  const auto reading = read(purchases(), reply(200, R"({"items":[{"id":12,"amount":7}]})"), numbers);
  REQUIRE(reading.outcome == Outcome::ok);
  CHECK(reading.list[0].id == "op1-12");
}

TEST_CASE("what does not fit is said with its pointer, what was found and what is likely meant") {
  const auto why = [](const std::string& body, const std::string& at = "/items") {
    auto operation = purchases();
    operation.ok.list->at = at;
    const auto reading = read(operation, reply(200, body));
    CHECK(reading.outcome == Outcome::info);
    return reading.reason;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(why(R"({"data":{"items":[]}})"), "/items");
  has(why(R"({"data":{"items":[]}})"), "/data/items"); // the likely mend
  has(why(R"({"items":{"1":{}}})"), "an object");
  has(why("<html>\n\n<body>\n502 Bad Gateway</body></html>"), "<html> <body> 502 Bad Gateway");
  has(why(""), "empty");
  CHECK(why(R"({"x":")" + std::string(1U << 20U, 'y') + "\"}").size() < 1000); // clipped
}

TEST_CASE("the next page: a URL of the same service, a path, a query, a token, a Link header") {
  auto operation = purchases();
  operation.ok.list->next = {.at = "/next"};
  const auto next = [&](const std::string& value) {
    return read(operation, reply(200, R"({"items":[],"next":)" + value + "}"));
  };
  CHECK(next("\"/orders?page=2\"").next == "/orders?page=2");
  CHECK(next("\"https://shop.example/orders?page=2\"").next == "/orders?page=2");
  CHECK(next("\"http://127.16.0.1:20000/orders?page=2\"").next == "/orders?page=2");
  CHECK(next("\"?page=2\"").next == "/orders?page=2");
  CHECK(next("null").next.empty());
  CHECK(next("\"\"").next.empty());
  CHECK(next("\"https://elsewhere.example/x\"").outcome == Outcome::info);
  operation.ok.list->next = {.at = "/next", .parameter = "cursor"};
  CHECK(next("\"a b&c\"").next == "/orders?page=1&cursor=a%20b%26c");
  operation.ok.list->next = {.link_header = true};
  const auto linked = read(operation, reply(200, R"({"items":[]})",
                                            {{"link", "</orders?page=9>; rel=\"last\", </orders?page=2>; rel=next"}}));
  CHECK(linked.next == "/orders?page=2");
}

TEST_CASE("nobody is known by status, header or body, as declared") {
  auto operation = purchases();
  operation.unauthenticated.status = {401};
  CHECK(read(operation, reply(401, "")).outcome == Outcome::unauthenticated);
  operation.unauthenticated.json.push_back({.pointer = "/error", .value = R"("no-session")"});
  CHECK(read(operation, reply(200, R"({"error":"no-session"})")).outcome == Outcome::unauthenticated);
  CHECK(read(operation, reply(200, R"({"items":[]})")).outcome == Outcome::ok);
}

TEST_CASE("a value that a medium cannot carry is refused where it would be sent") {
  Operation operation{.name = "me", .path = "/me"};
  operation.method = "GET";
  operation.headers["X-Token"] = "{token}";
  const workload::RequestTemplate request(operation);
  const auto why = [&](const std::string& token) {
    return workload::unsendable(operation, request.fill({{"token", token}}));
  };
  CHECK_FALSE(why("abc"));
  for (const auto& bad : {std::string("a\r\nX: y"), std::string("a\0b", 3), std::string("a\n")}) {
    const auto refused = why(bad);
    REQUIRE(refused);
    CHECK(refused->find("X-Token") != std::string::npos);
  }
  const auto large = why(std::string(200'000, 'x'));
  REQUIRE(large);
  CHECK(large->find("too large") != std::string::npos);
}

TEST_CASE("what a list may hold is bounded over all its pages, and so is every field") {
  const auto page = [](int entries, const workload::Pages& before) {
    std::string items;
    for (int i = 0; i < entries; ++i)
      items += fmt::format("{}{{\"id\":\"foreign-{}\",\"amount\":1}}", i == 0 ? "" : ",", i);
    return workload::read_reply(purchases(), reply(200, "{\"items\":[" + items + "]}"), sent, ids, before);
  };
  const auto first = page(700, {});
  CHECK(first.outcome == Outcome::ok);
  CHECK(first.pages.count == 1);
  const auto second = page(400, first.pages);
  CHECK(second.outcome == Outcome::info);
  CHECK(second.reason == "the list holds more than 1000 entries that nobody submitted");
  const auto long_id = std::string(100'000, 'x');
  const auto clipped = read(purchases(), reply(200, R"({"items":[{"id":")" + long_id + R"(","amount":1}]})"));
  REQUIRE(clipped.list.size() == 1);
  CHECK(clipped.list.begin()->id.size() < 5000);
}
