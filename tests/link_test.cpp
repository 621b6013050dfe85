// Links and gates, with a fake behind them and real sockets in front.
#include "fakes/redis/redis.hpp"
#include "harness/async/deadline.hpp"
#include "harness/async/event.hpp"
#include "harness/cli/registry.hpp"
#include "harness/link/gate.hpp"
#include "harness/link/link.hpp"
#include "tests/support/support.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace holdfast;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::use_awaitable;
using asio::ip::tcp;

namespace {

std::uint16_t port() {
  static const test::ReservedPort reserved;
  return reserved.number();
}

std::unique_ptr<link::Link> redis_link(const asio::any_io_executor& executor, async::Clock& clock, link::Fake& fake) {
  auto one =
      std::make_unique<link::Link>(executor, clock, link::Link::Setup{"sessions", "redis", link::Framing::framed});
  REQUIRE(one->listen({"web@1", "127.0.0.1", port()}, link::make_fake_upstream(executor, fake, "web@1")));
  return one;
}

asio::awaitable<tcp::socket> connect(asio::any_io_executor executor, boost::system::error_code& error) {
  tcp::socket socket(executor);
  co_await socket.async_connect({asio::ip::make_address("127.0.0.1"), port()},
                                asio::redirect_error(use_awaitable, error));
  co_return socket;
}

/// Sends a command and reads so many bytes of its reply; fewer when the connection ends.
asio::awaitable<std::string> ask(tcp::socket& socket, const std::string& command, std::size_t size) {
  boost::system::error_code error;
  co_await asio::async_write(socket, asio::buffer(command), asio::redirect_error(use_awaitable, error));
  std::string reply(size, '\0');
  const auto got = co_await asio::async_read(socket, asio::buffer(reply), asio::redirect_error(use_awaitable, error));
  reply.resize(got);
  co_return reply;
}

faults::Target target_of(const scenario::Step& step, const scenario::Stack& stack, async::Clock& clock,
                         asio::any_io_executor executor, link::Link& link) {
  return {.step = step,
          .stack = stack,
          .clock = clock,
          .executor = executor,
          .seed = 1,
          .instances = {},
          .link = &link,
          .peers = {}};
}

std::string incr(const std::string& key) {
  return fmt::format("*2\r\n$4\r\nINCR\r\n${}\r\n{}\r\n", key.size(), key);
}

} // namespace

TEST_CASE("a request fits when it carries all of the keys that are asked for") {
  link::Matcher matcher(link::Match{"commit", {"movements", "transfer"}, 1});
  const auto asked = [&](std::vector<std::string> keys) {
    const protocol::Unit unit{.request = {{"commit"}, std::move(keys)}};
    const link::Message message{"bank@1", 1, unit};
    return matcher.request(message);
  };
  CHECK_FALSE(asked({"movements", "charge"}));
  CHECK_FALSE(asked({"transfer"}));
  CHECK(asked({"op-1", "transfer", "entries", "movements"}));
  CHECK(matcher.seen() == 1);
}

TEST_CASE("a command fits whatever the case of its letters, a path only as it is") {
  const auto fits = [](const std::string& wanted, const std::string& sent) {
    link::Matcher matcher(link::Match{wanted, {}, 1});
    const protocol::Unit unit{.request = {{sent}, {}}};
    return matcher.request(link::Message{"bank@1", 1, unit});
  };
  CHECK(fits("COMMIT", "commit"));
  CHECK(fits("exec", "exec"));
  CHECK_FALSE(fits("exce", "exec"));
  CHECK(fits("GET /Orders", "GET /Orders"));
  CHECK_FALSE(fits("GET /orders", "GET /Orders"));
}

TEST_CASE("a gate at a reply is exact in 100 of 100 rounds, also with 50 connections") {
  for (int round = 0; round < 100; ++round)
    test::on_loop([&](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
      fakes::RedisFake fake(clock);
      auto link = redis_link(executor, clock, fake);
      // The strike resets every connection: 30 requests are applied, 29 are acknowledged or lost with their connection,
      // and the 30th is certainly applied and certainly not heard.
      bool struck = false;
      std::uint64_t gated = 0;
      auto gate = std::make_shared<link::Gate>(
          scenario::Position{scenario::Position::Point::reply, 0}, link::Match{"incr", {"n"}, 30},
          [&](const link::Message& message) -> asio::awaitable<link::Gate::Sender> {
            struck = true;
            gated = message.connection;
            link->refuse({});
            link->reset({});
            co_return link::Gate::Sender::lives;
          });
      link->add(std::shared_ptr<link::Tap>(gate), {});
      const int connections = round % 2 == 0 ? 1 : 50;
      int acknowledged = 0, running = connections;
      async::Event done(executor);
      for (int i = 0; i < connections; ++i)
        asio::co_spawn(
            executor,
            [&]() -> asio::awaitable<void> {
              boost::system::error_code error;
              auto socket = co_await connect(executor, error);
              while (!error && !struck) {
                const auto reply = co_await ask(socket, incr("n"), 4);
                if (reply.empty())
                  break;
                ++acknowledged;
                if (!reply.ends_with("\n"))
                  (void)co_await ask(socket, "", 1);
              }
              --running;
              done.notify();
            },
            asio::detached);
      while (running > 0)
        co_await done.wait();
      link->remove(std::shared_ptr<link::Tap>(gate));
      link->accept_again({});
      boost::system::error_code error;
      auto socket = co_await connect(executor, error);
      const auto applied = std::atoi((co_await ask(socket, incr("n"), 4)).substr(1).c_str()) - 1;
      REQUIRE(struck);
      REQUIRE(gate->fired());
      REQUIRE(applied >= 30);
      REQUIRE(acknowledged < applied); // the gated one was never heard
      if (connections == 1) {
        REQUIRE(applied == 30);
        REQUIRE(acknowledged == 29);
      }
    });
}

TEST_CASE("reply+k delivers k bytes before the strike") {
  test::on_loop([](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    fakes::RedisFake fake(clock);
    auto link = redis_link(executor, clock, fake);
    auto gate = std::make_shared<link::Gate>(
        scenario::Position{scenario::Position::Point::reply, 3}, link::Match{"ping", {}, 1},
        [&](const link::Message&) -> asio::awaitable<link::Gate::Sender> {
          co_await clock.wait_for(20ms); // the client has time to hear what was let go
          link->reset({});
          co_return link::Gate::Sender::lives;
        });
    link->add(std::shared_ptr<link::Tap>(gate), {});
    boost::system::error_code error;
    auto socket = co_await connect(executor, error);
    const auto reply = co_await ask(socket, "PING\r\n", 7);
    CHECK(reply == "+PO");
  });
}

TEST_CASE("a refused link refuses, resets what is open, and takes connections again") {
  test::on_loop([](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    fakes::RedisFake fake(clock);
    auto link = redis_link(executor, clock, fake);
    boost::system::error_code error;
    auto open = co_await connect(executor, error);
    const auto pong = co_await ask(open, "PING\r\n", 7);
    CHECK(pong == "+PONG\r\n");
    link->refuse({});
    CHECK(link->reset({}) == 1);
    CHECK(link->reset({}) == 0);
    const auto nothing = co_await ask(open, "PING\r\n", 7);
    CHECK(nothing.empty());
    auto refused = co_await connect(executor, error);
    CHECK(error == asio::error::connection_refused);
    link->accept_again({});
    auto again = co_await connect(executor, error);
    CHECK_FALSE(error);
    const auto second = co_await ask(again, "PING\r\n", 7);
    CHECK(second == "+PONG\r\n");
  });
}

TEST_CASE("steps on a link: error answers in order, drop_reply applies and says nothing, latency delays, hang holds") {
  test::on_loop([](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    fakes::RedisFake fake(clock);
    auto link = redis_link(executor, clock, fake);
    const auto registry = cli::make_registry();
    const scenario::Stack stack;
    const auto make = [&](const std::string& kind, scenario::Step& step) {
      step.kind = kind;
      return registry.steps.at(kind).make(target_of(step, stack, clock, executor, *link));
    };
    boost::system::error_code error;
    scenario::Step failing;
    failing.arguments = {{"operation", std::string("incr")}, {"count", std::int64_t{1}}};
    auto injected = make("error", failing);
    co_await injected->strike();
    auto socket = co_await connect(executor, error);
    const auto replies = co_await ask(socket, "PING\r\n" + incr("n") + incr("n"), 7 + 27 + 4);
    CHECK(replies == "+PONG\r\n-ERR injected by holdfast\r\n:1\r\n");
    co_await injected->undo();
    CHECK(injected->proof().proven);

    scenario::Step dropping;
    auto dropped = make("drop_reply", dropping);
    co_await dropped->strike();
    const auto silence = co_await ask(socket, incr("n"), 4);
    CHECK(silence.empty());
    co_await dropped->undo();
    CHECK(dropped->proof().proven);
    auto next = co_await connect(executor, error);
    const auto counted = co_await ask(next, incr("n"), 4);
    CHECK(counted == ":3\r\n");

    scenario::Step slow;
    slow.arguments = {{"latency", scenario::Duration(50ms)}};
    auto latency = make("latency", slow);
    co_await latency->strike();
    const auto before = clock.now();
    (void)co_await ask(next, "PING\r\n", 7);
    CHECK(clock.now() - before >= 50ms);
    // A delay line: what comes 20 ms later is heard 20 ms later, not 50 ms after the first.
    auto started = clock.now();
    async::Event answered_event(executor);
    std::vector<async::Time> heard;
    asio::co_spawn(
        executor,
        [&]() -> asio::awaitable<void> {
          while (heard.size() < 3) {
            (void)co_await ask(next, "", 7);
            heard.push_back(clock.now() - started);
            answered_event.notify();
          }
        },
        asio::detached);
    for (int i = 0; i < 3; ++i) {
      (void)co_await asio::async_write(next, asio::buffer("PING\r\n", 6), use_awaitable);
      co_await clock.wait_for(20ms);
    }
    while (heard.size() < 3)
      co_await answered_event.wait();
    CHECK(heard[0] >= 50ms);
    CHECK(heard[2] >= 90ms);
    CHECK(heard[2] < 150ms); // one after the other they would take that long
    co_await latency->undo();
    CHECK(latency->proof().proven);

    scenario::Step still;
    auto hang = make("hang", still);
    co_await hang->strike();
    const auto answered = co_await async::until(clock, clock.now() + 50ms, ask(next, "PING\r\n", 7));
    CHECK_FALSE(answered);
    co_await hang->undo();
    CHECK(hang->proof().proven);
    scenario::Step unused;
    auto idle = make("hang", unused);
    co_await idle->strike();
    co_await idle->undo();
    CHECK_FALSE(idle->proof().proven);
  });
}

namespace {

/// Answers PING, and then begins a push whose rest comes with the next answer.
class Interrupting final : public link::Fake {
public:
  std::unique_ptr<link::FakeConnection> connect(const std::string&) override { return std::make_unique<Talk>(); }

private:
  class Talk final : public link::FakeConnection {
  public:
    asio::awaitable<Taken> receive(std::string_view, std::string& reply) override {
      reply += (begun_ ? "lf\r\n" : "") + std::string("+PONG\r\n>2\r\n+message\r\n+ha");
      begun_ = true;
      co_return Taken::all;
    }
    [[nodiscard]] bool closed() const override { return false; }

  private:
    bool begun_ = false;
  };
};

class InjectAt final : public link::Tap {
public:
  explicit InjectAt(std::string operation) : operation_(std::move(operation)) {}
  asio::awaitable<link::Decision> request(const link::Message& message) override {
    if (message.unit.request.operations.front() != operation_)
      co_return link::Decision{};
    co_return link::Decision{link::Decision::Kind::error, {"LOADING", "injected"}};
  }

private:
  std::string operation_;
};

} // namespace

TEST_CASE("an injected reply does not mix with what the server has half said") {
  test::on_loop([](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    Interrupting fake;
    auto link = redis_link(executor, clock, fake);
    link->add(std::shared_ptr<link::Tap>(std::make_shared<InjectAt>("incr")), {});
    boost::system::error_code error;
    auto socket = co_await connect(executor, error);
    const auto pong = co_await ask(socket, "PING\r\n", 7);
    CHECK(pong == "+PONG\r\n");
    const auto injected = co_await ask(socket, incr("n"), 19);
    CHECK(injected == "-LOADING injected\r\n");
    const auto rest = co_await ask(socket, "PING\r\n", 28);
    CHECK(rest == ">2\r\n+message\r\n+half\r\n+PONG\r\n");
    CHECK(link->unframed().empty());
    CHECK(link->counters().replies == 3);
  });
}

TEST_CASE("an injected reply passes the toxics that a real one passes, in order") {
  test::on_loop([](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    fakes::RedisFake fake(clock);
    auto link = redis_link(executor, clock, fake);
    link->add(std::shared_ptr<link::Tap>(std::make_shared<InjectAt>("incr")), {});
    scenario::Step slow;
    slow.kind = "latency";
    slow.arguments = {{"latency", scenario::Duration(40ms)}};
    const scenario::Stack stack;
    const auto latency = cli::make_registry().steps.at("latency").make(target_of(slow, stack, clock, executor, *link));
    co_await latency->strike();
    boost::system::error_code error;
    auto socket = co_await connect(executor, error);
    const auto before = clock.now();
    const auto replies = co_await ask(socket, "PING\r\n" + incr("n") + "PING\r\n", 7 + 19 + 7);
    CHECK(replies == "+PONG\r\n-LOADING injected\r\n+PONG\r\n");
    CHECK(clock.now() - before >= 40ms);
    const auto again = clock.now();
    const auto alone = co_await ask(socket, incr("n"), 19);
    CHECK(alone == "-LOADING injected\r\n");
    CHECK(clock.now() - again >= 40ms);
    co_await latency->undo();
  });
}
