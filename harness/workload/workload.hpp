// Simulated users: each with their own sessions and cookies, on an open loop of arrivals.
//
// Owned by the run; used from its thread. It reaches services through a Router and writes every operation to the
// recorder.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/async/event.hpp"
#include "harness/async/http_connection.hpp"
#include "harness/history/recorder.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/workload/live_counters.hpp"
#include "harness/workload/plan.hpp"
#include "harness/workload/reply_reading.hpp"

#include <deque>
#include <exception>

namespace holdfast::workload {

namespace asio = boost::asio;

struct Route {
  std::string instance;
  std::string address;
  std::uint16_t port = 0;
};

class Router {
public:
  virtual ~Router() = default;
  /// Where a user of `host` reaches `service` now; nothing when no instance is to be had. `failed` is the instance that
  /// the attempt before this one was sent to; empty on the first.
  [[nodiscard]] virtual std::optional<Route> route(const std::string& service, int host, const std::string& failed) = 0;
};

class Workload {
public:
  Workload(asio::any_io_executor executor, async::Clock& clock, const scenario::Scenario& scenario, std::uint64_t seed,
           history::Recorder& recorder, Router& router);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  /// Every user's setup operations, before the clock starts; imports first, many users at once.
  [[nodiscard]] asio::awaitable<void> set_up();
  /// Sends arrivals while the timeline runs, from `resume()` to `pause()`, until `stop()`.
  [[nodiscard]] asio::awaitable<void> arrivals();
  void resume();
  /// No further operation begins; returns when none is open.
  [[nodiscard]] asio::awaitable<void> quiesce();
  /// Nothing further arrives, and what has arrived is sent: users may be busy at any moment, and what they were about
  /// to do was not refused to them. For at most the longest timeout of the journey's operations.
  [[nodiscard]] asio::awaitable<void> drain();
  void stop();
  /// The run is over: nothing begins any more, reads of a checkpoint included.
  void close();
  /// Reads back everything: every token ever live, all purchases, all accounts. Only while quiesced.
  [[nodiscard]] asio::awaitable<void> read_back(int checkpoint);

  /// Time on the timeline: it stands still while the workload is quiesced.
  [[nodiscard]] async::Time timeline() const;
  [[nodiscard]] LiveCounters& live() { return live_; }
  /// Notified after every operation.
  [[nodiscard]] async::Event& completed() { return completed_; }
  [[nodiscard]] std::size_t open() const { return open_; }
  /// Operations that were still queued when the timeline ended.
  [[nodiscard]] std::size_t late() const { return late_; }
  /// Operations that were due and are still queued.
  [[nodiscard]] std::size_t unsent() const { return queued_; }
  /// The failure that ended an operation's coroutine (a full disk), if any: the run must stop.
  void rethrow_failure() const;

private:
  struct Session {
    std::string login; ///< id of the login operation
    history::Values values;
    history::Values cookies;
  };
  struct User;
  struct Intent {
    const scenario::Operation* operation;
    history::Values values;
    std::optional<Session> session; ///< to use instead of the user's own
    int checkpoint = 0;
    bool setup = false;
    std::string body = {}; ///< instead of the operation's own
  };
  struct Pool;

  void begin_queue(User& user);
  asio::awaitable<void> perform_queue(std::size_t user);
  asio::awaitable<history::Outcome> perform(User& user, Intent intent);
  /// False when the run was over first: what services answer while they are taken down says nothing of them, and the
  /// operation stays open in the history.
  asio::awaitable<bool> try_until_done(User& user, const Intent& intent, history::Operation& operation);
  asio::awaitable<async::HttpOutcome> exchange(async::HttpConnection& connection, async::HttpRequest request,
                                               const scenario::Operation& kind, Reading& reading);
  asio::awaitable<void> attempt(const async::HttpRequest& request, const scenario::Operation& kind, const Route& route,
                                history::Operation& operation, history::Attempt& tried, async::HttpReply& reply);
  async::HttpRequest build(const Intent& intent, const Session& session) const;
  void keep_session(User& user, const Intent& intent, const history::Operation& operation,
                    const async::HttpReply& reply);
  struct Lanes;
  asio::awaitable<void> run_lane(std::shared_ptr<Lanes> lanes);
  asio::awaitable<void> for_all_users(std::size_t parallel, std::function<asio::awaitable<void>(User&)> work);
  std::string next_id();
  bool lacks_session(const User& user, const scenario::Operation& operation) const;
  asio::awaitable<void> import_users(const scenario::Operation& operation);
  asio::awaitable<void> import_batch(const scenario::Operation& operation, std::size_t first);
  asio::awaitable<void> read_back_user(User& user, int checkpoint);
  asio::awaitable<void> read_back_list(User& user, scenario::Role role, std::optional<Session>& session,
                                       int checkpoint);

  asio::any_io_executor executor_;
  async::Clock& clock_;
  const scenario::Scenario& scenario_;
  std::uint64_t seed_;
  history::Recorder& recorder_;
  Router& router_;
  ArrivalPlan plan_;
  LiveCounters live_;
  async::Event completed_;
  async::Event changed_;
  std::unique_ptr<Pool> pool_;
  std::vector<std::unique_ptr<User>> users_;
  std::size_t open_ = 0;
  std::size_t queued_ = 0;
  std::size_t late_ = 0;
  bool closed_ = false;
  std::uint64_t ids_ = 0;
  bool running_ = false;
  bool stopped_ = false;
  async::Time resumed_at_{};
  async::Time timeline_{};
  std::exception_ptr failure_;
};

} // namespace holdfast::workload
