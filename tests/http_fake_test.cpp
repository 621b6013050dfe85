// The http fake, asked by Python's client and by hand-written bytes over real sockets.
#include "fakes/http/http.hpp"
#include "harness/cli/registry.hpp"
#include "harness/scenario/load.hpp"
#include "tests/support/serving.hpp"
#include "tests/support/support.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace holdfast;

namespace {

const std::string payments = R"([dependencies.provider.routes.pay]
request     = { method = "POST", path = "/payments" }
idempotency = { key = "{header.Idempotency-Key}", conflict = 422 }
book        = { kind = "payment", id = "pay-{number}", order = "{json.order}", amount = "{json.amount}" }
answer      = { status = 201, headers = { Location = "/payments/{book.id}" }, json = { id = "{book.id}", amount = "{json.amount}" } }
[dependencies.provider.routes.look]
request     = { path = "/payments/{id}" }
finds       = { id = "{path.id}" }
answer      = { json = { order = "{found.order}", of = "payment {path.id}" } }
)";

scenario::Loaded load(const std::string& routes, const std::string& more = {}) {
  const test::TemporaryFolder folder;
  folder.write("stack.toml", R"([stack]
name = "s"
[services.web]
command = ["web"]
[operations.put]
role = "purchase"
request = { method = "POST", path = "/{id}" }
[dependencies.provider]
protocol = "http"
)" + routes);
  return scenario::load_scenario(
      folder.write("scenario.toml",
                   "[scenario]\nname = \"x\"\nstack = \"stack.toml\"\n[workload]\njourney = { put = 1 }\n" + more),
      cli::make_registry().catalog());
}

using Entries = std::vector<fakes::BookEntry>;

/// Serves the routes while `client` runs; returns what was booked.
Entries serve(const std::string& routes, const std::function<void()>& client,
              link::Framing framing = link::Framing::framed, std::vector<std::string>* withheld = nullptr) {
  const auto loaded = load(routes);
  INFO(scenario::describe(loaded.diagnostics));
  REQUIRE(loaded.scenario);
  Entries entries;
  test::serve_fake(
      "http", framing,
      [&](async::Clock& clock) {
        return std::make_unique<fakes::HttpFake>(
            clock, loaded.scenario->stack.dependencies.at(0).script,
            [&](const fakes::BookEntry& entry) { entries.push_back(entry); },
            [withheld](const std::string& peer, const std::string& route, const std::string& behaviour) {
              if (withheld != nullptr)
                withheld->push_back(peer + " " + route + " " + behaviour);
            });
      },
      client);
  return entries;
}

/// One TCP connection, byte by byte.
class Wire {
public:
  Wire() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(test::served_port()), .sin_addr = {}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Wire() { ::close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void say(const std::string& text) const { CHECK(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) > 0); }
  /// What was heard up to the end of `last`, or of the connection.
  std::string hear(const std::string& last) {
    auto end = heard_.find(last);
    for (char buffer[4096]; end == std::string::npos; end = heard_.find(last)) {
      const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
      if (size <= 0)
        return std::exchange(heard_, {}) + (size == 0 ? "<closed>" : "<nothing>");
      heard_.append(buffer, static_cast<std::size_t>(size));
    }
    const auto text = heard_.substr(0, end + last.size());
    heard_.erase(0, text.size());
    return text;
  }
  std::string hear_all() { return hear("<never said>"); }
  [[nodiscard]] bool is_silent() const {
    char one = 0;
    return ::recv(socket_, &one, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }

private:
  int socket_;
  std::string heard_;
};

std::string pay(const std::string& key, const std::string& order, int amount = 5) {
  const auto body = "{\"order\":\"" + order + "\",\"amount\":" + std::to_string(amount) + "}";
  return "POST /payments HTTP/1.1\r\nHost: p\r\nIdempotency-Key: " + key +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string paid(const std::string& id, int amount = 5) {
  const auto body = "{\"amount\":" + std::to_string(amount) + ",\"id\":\"" + id + "\"}";
  return "HTTP/1.1 201 \r\nLocation: /payments/" + id +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string behaviour(const std::string& text) {
  return payments + "[dependencies.provider.routes.pay.behaviours.odd]\n" + text;
}

/// The messages, with "line: " before each.
std::vector<std::string> errors(const scenario::Loaded& loaded) {
  std::vector<std::string> all;
  for (const auto& one : loaded.diagnostics)
    all.push_back(std::to_string(one.where.line) + ": " + one.message);
  return all;
}

} // namespace

TEST_CASE("http: Python's client pays, asks again, looks, and is told what is wrong") {
  const test::TemporaryFolder folder;
  const auto program = folder.write("client.py", R"(import http.client, json, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
def ask(method, path, body=None, headers={}, **more):
    c.request(method, path, body, headers, **more)
    r = c.getresponse()
    print(r.status, r.headers.get("Location"), r.read().decode())
def chunks():
    yield b'{"order": "o2",'
    yield b' "amount": 7}'
one = json.dumps({"order": "o1", "amount": 5})
ask("POST", "/payments", one, {"Idempotency-Key": "k1"})
ask("POST", "/payments", '{"amount":5, "order":"o1"}', {"idempotency-key": "k1"})
ask("POST", "/payments", json.dumps({"order": "o1", "amount": 6}), {"Idempotency-Key": "k1"})
ask("POST", "/payments", chunks(), {"Idempotency-Key": "k2"}, encode_chunked=True)
ask("GET", "/payments/pay-1?x=1")
ask("HEAD", "/payments/pay-1")
ask("GET", "/payments/pay-9")
ask("DELETE", "/payments/pay-1")
ask("GET", "/refunds")
ask("POST", "/payments", one)
ask("POST", "/payments", '{"order": "o3"}', {"Idempotency-Key": "k3"})
ask("POST", "/payments", 'no json', {"Idempotency-Key": "k4"})
)");
  std::string out;
  const auto booked = serve(payments, [&] {
    out = test::run_program({"python3", program.string(), std::to_string(test::served_port())}, folder.path()).out;
  });
  CHECK(out == R"(201 /payments/pay-1 {"amount":5,"id":"pay-1"}
201 /payments/pay-1 {"amount":5,"id":"pay-1"}
422 None {"error":"the key was used for another request"}
201 /payments/pay-2 {"amount":7,"id":"pay-2"}
200 None {"of":"payment pay-1","order":"o1"}
200 None 
404 None {"error":"there is no such entry in the book"}
405 None {"error":"the http fake has no DELETE for '/payments/pay-1', only GET"}
404 None {"error":"the http fake has no route for '/refunds'; its routes are POST /payments, GET /payments/{id}"}
400 None {"error":"the request lacks header.Idempotency-Key"}
400 None {"error":"the request lacks json.amount"}
400 None {"error":"the request lacks json.amount"}
)");
  CHECK(booked == Entries{{{"kind", "payment"}, {"id", "pay-1"}, {"order", "o1"}, {"amount", "5"}},
                          {{"kind", "payment"}, {"id", "pay-2"}, {"order", "o2"}, {"amount", "7"}}});
}

TEST_CASE("http: requests in a pipeline and in pieces are answered in their order") {
  const auto booked = serve(payments, [] {
    Wire wire;
    wire.say(pay("a", "o1") + pay("b", "o2") + pay("a", "o1"));
    CHECK(wire.hear("\"pay-1\"}") == paid("pay-1"));
    CHECK(wire.hear("\"pay-2\"}") == paid("pay-2"));
    CHECK(wire.hear("\"pay-1\"}") == paid("pay-1"));
    for (const char c : "\r\n" + pay("c", "o3"))
      wire.say(std::string(1, c));
    CHECK(wire.hear("\"pay-3\"}") == paid("pay-3"));
  });
  CHECK(booked.size() == 3);
}

TEST_CASE("http: a body comes when it was asked for, and the connection ends when it was said") {
  (void)serve(payments, [] {
    Wire wire;
    wire.say("POST /payments HTTP/1.1\r\nHost: p\r\nIdempotency-Key: a\r\nExpect: 100-continue\r\nConnection: "
             "close\r\nContent-Length: 25\r\n\r\n");
    CHECK(wire.hear("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    wire.say("{\"order\":\"o\",\"amount\":50}");
    const auto answer = wire.hear_all();
    CHECK(answer.find("201") != std::string::npos);
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.ends_with("\"pay-1\"}<closed>"));
    Wire old;
    old.say("GET /payments/pay-1 HTTP/1.0\r\n\r\n");
    CHECK(old.hear_all().ends_with("}<closed>"));
  });
}

TEST_CASE("http: what is no request is refused and the connection closed") {
  for (const auto& [request, why] : {
           std::pair{std::string("NONSENSE\r\n\r\n"), "not an HTTP/1.1 message"},
           {"GET /x HTTP/1.1\r\n\r\n", "Host is missing"},
           {"GET nowhere HTTP/1.1\r\nHost: p\r\n\r\n", "'nowhere' is no path"},
           {"GET /x HTTP/1.1\r\nHost: p\r\nno header\r\n\r\n", "'no header' is no header"},
           {"POST /payments HTTP/1.1\r\nHost: p\r\nContent-Length: x\r\n\r\n", "a Content-Length that is no number"},
           {"POST /payments HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "a chunk without a size"},
           {"GET /" + std::string(70'000, 'x') + " HTTP/1.1\r\n", "an HTTP head is longer than 64 KiB"},
       }) {
    const auto booked = serve(
        payments,
        [&, text = request, reason = std::string(why)] {
          Wire wire;
          wire.say(text);
          const auto answer = wire.hear_all();
          INFO(answer);
          CHECK(answer.starts_with("HTTP/1.1 400 \r\n"));
          CHECK(answer.ends_with("{\"error\":\"" + reason + "\"}<closed>"));
        },
        link::Framing::opaque);
    CHECK(booked.empty());
  }
}

TEST_CASE("http: some are declined, by what they ask and by their number, and hear it again under their key") {
  const auto booked = serve(behaviour("do = \"decline\"\nwhen = { json = { \"/amount\" = { at_least = 100 } } }\n"
                                      "answer = { status = 402, json = { error = \"no {json.order}\" } }\n"
                                      "[dependencies.provider.routes.pay.behaviours.third]\n"
                                      "do = \"decline\"\nwhen = { nth = 3 }\n"),
                            [] {
                              Wire wire;
                              const auto ask = [&](const std::string& key, int amount) {
                                wire.say(pay(key, "o-" + key, amount));
                                const auto head = wire.hear("\r\n\r\n");
                                if (head.find("Length: 0") == std::string::npos)
                                  (void)wire.hear("}");
                                return head.substr(9, 3);
                              };
                              CHECK(ask("a", 99) == "201");
                              CHECK(ask("b", 100) == "402");
                              CHECK(ask("c", 1) == "402");
                              CHECK(ask("c", 1) == "402");
                              CHECK(ask("d", 1) == "201");
                            });
  REQUIRE(booked.size() == 2);
  CHECK(booked[1].at("order") == "o-d");
}

TEST_CASE("http: one that is never answered has taken effect or not, as the script says") {
  for (const bool effect : {true, false}) {
    const auto booked =
        serve(behaviour(std::string("do = \"hang\"\nwhen = { attempt = 1, json = { \"/order\" = \"o1\" } }\n") +
                        "effect = " + (effect ? "true" : "false") + "\n"),
              [&] {
                Wire silent, other;
                silent.say(pay("a", "o1") + pay("b", "o2"));
                // Which of two connections is heard first is the kernel's business: ask until this one was.
                std::string looked;
                for (int round = 0; round < 100 && (round < 3 || effect) && looked.find(" 200 ") == std::string::npos;
                     ++round) {
                  other.say("GET /payments/pay-1 HTTP/1.1\r\nHost: p\r\n\r\n");
                  looked = other.hear("}");
                }
                CHECK((looked.find(" 200 ") != std::string::npos) == effect);
                other.say(pay("c", "o3"));
                CHECK(other.hear("}").find("201") != std::string::npos);
                CHECK(silent.is_silent());
                other.say(pay("a", "o1")); // the second try under its key
                CHECK(other.hear("}").find("\"id\":\"pay-") != std::string::npos);
              });
    // The request behind the silent one was not taken; the one that hung is booked once.
    CHECK(booked.size() == 2);
    CHECK(booked[effect ? 0 : 1].at("order") == "o1");
  }
}

TEST_CASE("http: an answer comes twice, cut, or late") {
  const auto heard = [](const std::string& odd, const std::function<std::string(Wire&)>& hear) {
    std::string text;
    const auto booked = serve(
        behaviour(odd),
        [&] {
          Wire wire;
          wire.say(pay("a", "o1"));
          text = hear(wire);
        },
        link::Framing::opaque);
    CHECK(booked.size() == 1);
    return text;
  };
  const auto one = [](Wire& wire) { return wire.hear("}"); };
  CHECK(heard("do = \"twice\"\n", [](Wire& wire) { return wire.hear("}") + wire.hear("}"); }) ==
        paid("pay-1") + paid("pay-1"));
  CHECK(heard("do = \"cut\"\nbytes = 15\n", [](Wire& wire) { return wire.hear_all(); }) == "HTTP/1.1 201 \r\n<closed>");
  const auto begin = std::chrono::steady_clock::now();
  CHECK(heard("do = \"delay\"\ndelay = \"60ms\"\n", one) == paid("pay-1"));
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds{60});
}

TEST_CASE("http: mistakes in a script are said with their places and the nearest names") {
  CHECK(errors(load("")) ==
        std::vector<std::string>{"8: [dependencies.provider] is played by a fake and needs 'routes'"});
  CHECK(errors(load(R"([dependencies.provider.routes.pay]
request = { method = "POST", path = "/payments/x{id}" }
book    = { id = "{json.id}", type = "x" }
answer  = { json = { id = "{bok.id}" }, status = 99 }
finds   = { idd = "{path.id}" }
[dependencies.provider.routes.pay.behaviours.a]
do   = "declin"
[dependencies.provider.routes.pay.behaviours.b]
do   = "hang"
bytes = 3
when = { attempt = 1, evry = 2, json = { "amount" = { at_least = "x" } } }
[dependencies.provider.routes.void]
answer = { status = 200 }
)")) == std::vector<std::string>{
            "11: the segment 'x{id}' is neither plain nor one name in braces",
            "12: 'type' cannot be a field of a book: every entry has it already",
            "13: unknown placeholder 'bok.id'",
            "13: 'status' of answer of [dependencies.provider.routes.pay] must be between 200 and 599, not 99",
            "14: unknown field of the book 'idd'",
            "16: 'do' of [dependencies.provider.routes.pay.behaviours.a] cannot be 'declin'",
            "17: 'attempt' of [dependencies.provider.routes.pay.behaviours.b] counts requests under one key: "
            "[dependencies.provider.routes.pay] needs 'idempotency'",
            "19: unknown key 'bytes' in [dependencies.provider.routes.pay.behaviours.b]",
            "20: unknown key 'evry' in when of [dependencies.provider.routes.pay.behaviours.b]",
            "20: 'amount' is no JSON pointer",
            "20: 'amount' of when of [dependencies.provider.routes.pay.behaviours.b] is compared with a number",
            "21: [dependencies.provider.routes.void] needs 'request'",

        });
}

TEST_CASE("http: a scenario changes how the provider behaves, and says where payments are booked") {
  const auto stack = payments + "[declare]\npayments = { dependency = \"provider\", id = \"order\" }\n";
  const auto loaded = load(stack, "[dependencies.provider.routes.pay.behaviours.twice]\ndo = \"twice\"\n");
  INFO(scenario::describe(loaded.diagnostics));
  REQUIRE(loaded.scenario);
  const auto& parsed = loaded.scenario->stack;
  CHECK(parsed.dependencies[0].script.routes[0].behaviours.at(0).kind == scenario::HttpBehaviour::Kind::twice);
  CHECK(parsed.declare.payments->id == "order");
  CHECK(errors(load(payments + "[declare]\npayments = { dependency = \"providr\", id = \"ordr\" }\n")) ==
        std::vector<std::string>{"20: unknown dependency 'providr'"});
  CHECK(errors(load(payments + "[declare]\npayments = { dependency = \"provider\", id = \"ordr\" }\n")) ==
        std::vector<std::string>{"20: unknown field of the book of 'provider' 'ordr'"});
}
