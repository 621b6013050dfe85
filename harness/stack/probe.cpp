#include "harness/stack/probe.hpp"

#include "harness/async/deadline.hpp"
#include "harness/async/shortage.hpp"
#include "harness/process/process.hpp"
#include "harness/scenario/placeholders.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

namespace holdfast::stack {

namespace {

/// GET of `path`, over `kept` where there is such a connection, or else over one that ends with the reply.
asio::awaitable<async::HttpOutcome> ask(const std::string& path, const ProbeTarget& target,
                                        async::HttpConnection* kept) {
  if (kept == nullptr) {
    async::HttpConnection own(co_await asio::this_coro::executor, target.place.address, target.place.port);
    co_return co_await own.exchange({"GET", path, {{"connection", "close"}}, {}});
  }
  const bool used = kept->is_usable();
  if (!used)
    kept->close();
  auto outcome = co_await kept->exchange({"GET", path, {}, {}});
  // A server may close an idle connection at the very moment it is used again. That says nothing about its readiness,
  // so one that had been used before is tried once more, over a new connection.
  if (used && std::holds_alternative<async::HttpFailure>(outcome))
    outcome = co_await kept->exchange({"GET", path, {}, {}});
  co_return outcome;
}

asio::awaitable<ProbeAnswer> probe_http(const scenario::Probe& probe, const ProbeTarget& target,
                                        async::HttpConnection* kept) {
  auto outcome = co_await ask(probe.path, target, kept);
  if (const auto* failure = std::get_if<async::HttpFailure>(&outcome))
    co_return ProbeAnswer{false, failure->reason};
  const int status = std::get<async::HttpReply>(outcome).status;
  co_return ProbeAnswer{status >= 200 && status < 300, std::to_string(status)};
}

/// Ready as soon as a connection is accepted; nothing is sent over it.
template <class Protocol>
asio::awaitable<ProbeAnswer> connect_to(typename Protocol::endpoint endpoint) {
  typename Protocol::socket socket(co_await asio::this_coro::executor);
  boost::system::error_code error;
  co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  async::throw_shortage(error, "probing readiness");
  co_return ProbeAnswer{!error, error ? "connect: " + error.message() : "connected"};
}

asio::awaitable<ProbeAnswer> probe_tcp(const ProbeTarget& target) {
  if (!target.socket.empty())
    return connect_to<asio::local::stream_protocol>({target.socket});
  return connect_to<asio::ip::tcp>({asio::ip::make_address(target.place.address), target.place.port});
}

/// Runs the command to its end: ready when it exits with 0. Its output is dropped. When the probe's time is up, the
/// Process is destroyed with this coroutine, which kills the command's tree.
asio::awaitable<ProbeAnswer> probe_command(const scenario::Probe& probe, const ProbeTarget& target) {
  const char* path = std::getenv("PATH");
  std::vector<std::string> command;
  for (const auto& word : probe.command)
    command.push_back(scenario::substitute(word, target.placeholders));
  process::ProcessSpec spec;
  spec.command = std::move(command);
  // Of the environment only PATH, so that the command is found; what it asks for, it is told by placeholders.
  spec.environment = {{"PATH", path != nullptr ? path : "/usr/bin:/bin"}};
  spec.directory = target.directory;
  spec.shim = process::find_shim();
  spec.surroundings = target.surroundings;
  auto spawned = co_await process::Process::spawn(co_await asio::this_coro::executor, std::move(spec),
                                                  [](process::Stream, std::string_view) {});
  if (!spawned)
    co_return ProbeAnswer{false, spawned.error()};
  co_await (*spawned)->gone();
  const auto status = (*spawned)->status();
  co_return ProbeAnswer{status && status->exit_code() == 0, status ? status->describe() : "no status"};
}

asio::awaitable<ProbeAnswer> probe_by_kind(const scenario::Probe& probe, const ProbeTarget& target,
                                           async::HttpConnection* kept) {
  switch (probe.kind) {
  case scenario::Probe::Kind::http:
    co_return co_await probe_http(probe, target, kept);
  case scenario::Probe::Kind::tcp:
    co_return co_await probe_tcp(target);
  case scenario::Probe::Kind::command:
    co_return co_await probe_command(probe, target);
  case scenario::Probe::Kind::log:
    break;
  }
  const bool seen = target.has_logged(probe.path);
  co_return ProbeAnswer{seen, seen ? "logged" : "not logged yet"};
}

} // namespace

asio::awaitable<ProbeAnswer> probe_once(async::Clock& clock, const scenario::Probe& probe, const ProbeTarget& target,
                                        async::HttpConnection* kept, async::Duration timeout) {
  auto answer = co_await async::until(clock, clock.now() + timeout, probe_by_kind(probe, target, kept));
  if (!answer && kept != nullptr)
    kept->close(); // or the late reply would be taken for that of the next probe
  co_return answer ? *answer
                   : ProbeAnswer{false, fmt::format("no answer within {} ms", timeout.count() / 1'000'000), true};
}

} // namespace holdfast::stack
