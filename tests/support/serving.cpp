#include "tests/support/serving.hpp"

#include "fakes/postgres/postgres.hpp"
#include "fakes/redis/redis.hpp"
#include "harness/async/deadline.hpp"
#include "harness/async/event.hpp"
#include "harness/process/process.hpp"
#include "harness/protocol/kind.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/stack/probe.hpp"
#include "tests/support/support.hpp"

#include <boost/asio/post.hpp>
#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <pwd.h>
#include <thread>
#include <unistd.h>

namespace holdfast::test {

namespace {

struct Served {
  std::unique_ptr<process::Process> process;
  std::string socket; ///< that it listens on
};

/// The server that `provider = "server"` would spawn, in `folder`.
asio::awaitable<Served> start_server(asio::any_io_executor executor, async::Clock& clock, const std::string& protocol,
                                     const std::filesystem::path& folder) {
  scenario::Dependency dependency{.name = "served", .protocol = protocol};
  const auto& kinds = protocol::all_kinds();
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const auto& one) { return one.schema.name == protocol; });
  REQUIRE(kind != kinds.end());
  kind->schema.use_usual_server(dependency);
  if (!dependency.run_as.empty() && ::geteuid() == 0) {
    const auto* user = ::getpwnam(dependency.run_as.c_str());
    REQUIRE(user != nullptr);
    REQUIRE(::chown(folder.c_str(), user->pw_uid, user->pw_gid) == 0);
  }
  const scenario::Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    return name == "dir" ? std::optional(folder.string()) : std::nullopt;
  };
  const auto logged = std::make_shared<bool>(false);
  const auto spawn =
      [&](const std::vector<std::string>& command) -> asio::awaitable<std::unique_ptr<process::Process>> {
    process::ProcessSpec spec{.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                              .directory = folder,
                              .shim = HOLDFAST_BINARY_DIR "/holdfast-shim",
                              .run_as = dependency.run_as,
                              .surroundings = process::Surroundings::take()};
    for (const auto& word : command)
      spec.command.push_back(scenario::substitute(word, lookup));
    auto spawned = co_await process::Process::spawn(
        executor, std::move(spec), [logged, text = dependency.ready.path](auto, std::string_view line) {
          *logged = *logged || line.find(text) != std::string_view::npos;
        });
    REQUIRE(spawned);
    co_return std::move(*spawned);
  };
  if (!dependency.prepare.empty()) {
    const auto prepare = co_await spawn(dependency.prepare);
    co_await prepare->gone();
    REQUIRE(prepare->status()->exit_code() == 0);
  }
  auto server = co_await spawn(dependency.command);
  const auto socket = scenario::substitute(dependency.socket, lookup);
  const stack::ProbeTarget target{.socket = socket,
                                  .directory = folder,
                                  .placeholders = lookup,
                                  .surroundings = process::Surroundings::take(),
                                  .has_logged = [&](std::string_view) { return *logged; }};
  while (!(co_await stack::probe_once(clock, dependency.ready, target)).ready) {
    REQUIRE_FALSE(server->is_gone());
    (void)co_await async::until(clock, clock.now() + dependency.ready.every, server->gone());
  }
  co_return Served{std::move(server), socket};
}

/// Runs `client` on a thread of its own while a link to `upstream` is there.
asio::awaitable<void> behind_link(asio::any_io_executor executor, async::Clock& clock, const std::string& protocol,
                                  link::Framing framing, std::shared_ptr<link::Upstream> upstream,
                                  const std::function<void()>& client,
                                  const std::function<void(link::Link&)>& prepare) {
  link::Link link(executor, clock, {"served", protocol, framing});
  REQUIRE(link.listen({"client", "127.0.0.1", served_port()}, std::move(upstream)));
  if (prepare)
    prepare(link);
  async::Event ended(executor);
  bool done = false;
  std::thread thread([&] {
    client();
    asio::post(executor, [&] { done = true, ended.notify(); });
  });
  while (!done)
    co_await ended.wait();
  thread.join();
  // Whoever subscribes is told things that they did not ask for; anything else must be framed.
  constexpr auto subscribed = "after subscribe replies no longer belong to requests";
  CHECK_MESSAGE((link.unframed().empty() || link.unframed().ends_with(subscribed)), link.unframed());
}

} // namespace

std::uint16_t served_port() {
  static const ReservedPort port;
  return port.number();
}

void serve_fake(const std::string& protocol, link::Framing framing, const MakeFake& make,
                const std::function<void()>& client) {
  on_loop([&](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    const auto fake = make(clock);
    co_await behind_link(executor, clock, protocol, framing, link::make_fake_upstream(executor, *fake, "client"),
                         client, {});
  });
}

void serve(Provider provider, const std::string& protocol, const std::function<void()>& client,
           const std::function<void(link::Link&)>& prepare) {
  const TemporaryFolder folder;
  on_loop([&](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    std::unique_ptr<link::Fake> fake;
    std::unique_ptr<process::Process> server;
    std::shared_ptr<link::Upstream> upstream;
    if (provider == Provider::server) {
      auto served = co_await start_server(executor, clock, protocol, folder.path());
      server = std::move(served.process);
      upstream = link::make_unix_upstream(executor, served.socket);
    } else {
      if (protocol == "redis")
        fake = std::make_unique<fakes::RedisFake>(clock);
      else
        fake = std::make_unique<fakes::PostgresFake>(executor, clock);
      upstream = link::make_fake_upstream(executor, *fake, "client");
    }
    co_await behind_link(executor, clock, protocol, link::Framing::framed, upstream, client, prepare);
    if (server) {
      server->signal(SIGINT);
      (void)co_await async::until(clock, clock.now() + std::chrono::seconds{2}, server->gone());
      server->kill();
      co_await server->gone();
    }
  });
}

Pg::Pg()
    : connection(
          PQconnectdb(fmt::format("host=127.0.0.1 port={} dbname=postgres user=postgres", served_port()).c_str())) {
  REQUIRE_MESSAGE(PQstatus(connection) == CONNECTION_OK, std::string(PQerrorMessage(connection)));
}

Pg::~Pg() {
  PQfinish(connection);
}

std::string Pg::ask(const std::string& sql, const std::vector<const char*>& values) const {
  PGresult* result = values.empty() ? PQexec(connection, sql.c_str())
                                    : PQexecParams(connection, sql.c_str(), static_cast<int>(values.size()), nullptr,
                                                   values.data(), nullptr, nullptr, 0);
  std::string text;
  if (PQresultStatus(result) == PGRES_TUPLES_OK) {
    for (int row = 0; row < PQntuples(result); ++row) {
      if (row > 0)
        text += "|";
      for (int column = 0; column < PQnfields(result); ++column)
        text += (column > 0 ? "," : "") +
                std::string(PQgetisnull(result, row, column) != 0 ? "NULL" : PQgetvalue(result, row, column));
    }
  } else if (PQresultStatus(result) == PGRES_COMMAND_OK) {
    text = PQcmdStatus(result);
  } else {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    text = state != nullptr ? state : PQerrorMessage(connection);
  }
  PQclear(result);
  return text;
}

Redis::Redis() : context(redisConnect("127.0.0.1", served_port())) {
  REQUIRE(context != nullptr);
}

Redis::~Redis() {
  redisFree(context);
}

std::string Redis::ask(const char* command) const {
  auto* reply = static_cast<redisReply*>(redisCommand(context, command));
  if (reply == nullptr)
    return context->errstr;
  std::string text = reply->type == REDIS_REPLY_INTEGER ? std::to_string(reply->integer)
                     : reply->type == REDIS_REPLY_NIL   ? "nil"
                     : reply->type == REDIS_REPLY_ARRAY ? "array of " + std::to_string(reply->elements)
                                                        : std::string(reply->str, reply->len);
  freeReplyObject(reply);
  return text;
}

} // namespace holdfast::test
