// Performs one operation of one user: its attempts on the wire, where each is sent, what their replies do to the user's
// cookies and sessions, and what the history says of them.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/history/recorder.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/workload/pool.hpp"
#include "harness/workload/reply_reading.hpp"
#include "harness/workload/requests.hpp"
#include "harness/workload/user.hpp"

#include <functional>

namespace holdfast::workload {

class Router {
public:
  virtual ~Router() = default;
  /// Where a user of `host` reaches `service` now; nothing when no instance is to be had. `failed` is the instance that
  /// did not answer the attempt before this one; empty on the first, and after an answer.
  [[nodiscard]] virtual std::optional<Route> route(const std::string& service, int host, const std::string& failed) = 0;
};

class Caller {
public:
  struct Setup {
    async::Clock& clock;
    const scenario::Scenario& scenario;
    std::uint64_t seed;
    history::Recorder& recorder;
    history::Secrets& secrets; ///< learns what services give out
    Router& router;
    std::function<WallTime()> wall; ///< what the machine's calendar says
  };
  Caller(const asio::any_io_executor& executor, Setup setup);

  /// Performs the operation with all of its attempts and records it. Nothing when the run was over first: what services
  /// answer while they are taken down says nothing of them, and the operation stays open in the history.
  [[nodiscard]] asio::awaitable<std::optional<history::Operation>> perform(User& user, Intent intent);
  /// The run is over: no operation and no attempt begins any more.
  void close() { closed_ = true; }
  [[nodiscard]] bool is_closed() const { return closed_; }
  /// Sessions are in cookies alone: no request carries what a login captures.
  [[nodiscard]] bool sessions_are_cookies() const { return cookies_alone_; }

private:
  struct Exchange; ///< what an operation needs in all of its attempts
  asio::awaitable<bool> try_until_done(Exchange& exchange);
  asio::awaitable<void> attempt(Exchange& exchange, Route route, history::Attempt& tried);
  asio::awaitable<async::HttpOutcome> converse(Exchange& exchange, async::HttpConnection& connection, Route route,
                                               Reading& reading);
  asio::awaitable<async::HttpOutcome> send(Exchange& exchange, async::HttpConnection& connection, Route route,
                                           async::HttpRequest request, Sent& sent);
  void learn(const User& user, std::string_view value);
  void keep_session(Exchange& exchange);
  void begin_session(Exchange& exchange);
  [[nodiscard]] const std::string& host_of(const scenario::Operation& operation) const;
  [[nodiscard]] GivenIds ids() const { return {prefix_, given_, ids_are_numbers_}; }

  Setup setup_;
  Pool pool_;
  std::map<std::string, RequestTemplate> requests_; ///< by the operation's name
  std::string prefix_;                              ///< of every id
  std::uint64_t given_ = 0;                         ///< ids
  bool ids_are_numbers_ = false;
  bool cookies_alone_ = false;
  bool closed_ = false;
};

} // namespace holdfast::workload
