// Simulated users: each with their own sessions and cookies, on an open loop of arrivals.
//
// Owned by the run; used from its thread. It reaches services through a Router and writes every operation to the
// recorder.
#pragma once

#include "harness/async/event.hpp"
#include "harness/workload/caller.hpp"
#include "harness/workload/live_counters.hpp"
#include "harness/workload/plan.hpp"
#include "harness/workload/read_back.hpp"

#include <exception>

namespace holdfast::workload {

class Workload {
public:
  Workload(asio::any_io_executor executor, Caller::Setup setup);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  /// Every user's setup operations, before the clock starts; imports first, many users at once.
  [[nodiscard]] asio::awaitable<void> set_up();
  /// Sends arrivals while the timeline runs, from `resume()` to `quiesce()`, until `stop()`.
  [[nodiscard]] asio::awaitable<void> arrivals();
  /// The timeline goes on, and queued operations with it.
  void resume();
  /// Pauses: the timeline stands still and no queued operation begins. Returns when none is open.
  [[nodiscard]] asio::awaitable<void> quiesce();
  /// Stops arrivals and sends what is queued, so that a queued operation does not count as an outage. For at most the
  /// longest timeout of the journey's operations.
  [[nodiscard]] asio::awaitable<void> drain();
  /// Ends arrivals for good, and the timeline with them. What is queued is not begun any more; what is open goes on:
  /// see `quiesce`.
  void stop();
  /// The run is over: nothing begins any more, reads of a checkpoint included.
  void close();
  /// Reads back everything, at a checkpoint. Only while quiesced. `settled` is when the stack had recovered from the
  /// last step.
  [[nodiscard]] asio::awaitable<void> read_back(int checkpoint, async::Time settled);
  /// Reads what the journey has not read often enough to know that the stack file fits. Only while quiesced.
  [[nodiscard]] asio::awaitable<void> read_baseline();
  /// True when the journey has read everything often enough, so that `read_baseline` would have nothing to do.
  [[nodiscard]] bool has_baseline() const;

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
  /// The last operation that was not served, with the reason; empty: there was none.
  [[nodiscard]] const std::string& last_failure() const { return last_failure_; }
  /// The failure that ended an operation's coroutine (a full disk), if any: the run must stop.
  void rethrow_failure() const;
  /// Waits for such a failure and throws it; never returns otherwise.
  [[nodiscard]] asio::awaitable<void> until_failure();

private:
  void fail();
  void begin_queue(User& user);
  asio::awaitable<void> perform_queue(std::size_t user);
  asio::awaitable<void> perform(User& user, Intent intent);
  void count(const User& user, const Intent& intent, const history::Operation& operation, bool had_been_accepted);
  struct Lanes;
  asio::awaitable<void> run_lane(std::shared_ptr<Lanes> lanes);
  asio::awaitable<void> for_all_users(std::size_t parallel, std::function<asio::awaitable<void>(User&)> work);
  [[nodiscard]] bool lacks_session(const User& user, const scenario::Operation& operation) const;
  asio::awaitable<void> import_users(const scenario::Operation& operation);
  asio::awaitable<void> import_batch(const scenario::Operation& operation, std::size_t first);

  asio::any_io_executor executor_;
  async::Clock& clock_;
  const scenario::Scenario& scenario_;
  ArrivalPlan plan_;
  LiveCounters live_;
  async::Event completed_;
  async::Event changed_;
  Caller caller_;
  ReadBack read_back_;
  std::vector<std::unique_ptr<User>> users_;
  std::size_t open_ = 0;
  std::size_t queued_ = 0;
  std::size_t late_ = 0;
  bool running_ = false;
  bool stopped_ = false;
  async::Time resumed_at_{};
  async::Time timeline_{};
  std::string last_failure_;
  std::exception_ptr failure_;
  async::Event failed_;
};

} // namespace holdfast::workload
