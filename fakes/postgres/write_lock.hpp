// One writer at a time, in order of arrival; a waiter suspends. Used by the postgres fake only.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/async/deadline.hpp"
#include "harness/async/event.hpp"

#include <deque>
#include <optional>

namespace holdfast::fakes::pg {

class WriteLock {
public:
  enum class Outcome { taken, timed_out, interrupted };

  WriteLock(boost::asio::any_io_executor executor, async::Clock& clock)
      : released_(std::move(executor)), clock_(clock) {}

  /// Waits without `deadline` for ever. `interrupted` is looked at whenever `wake` is called.
  boost::asio::awaitable<Outcome> acquire(std::optional<async::Time> deadline, const bool& interrupted) {
    const Ticket ticket(*this);
    while (taken_ || waiting_.front() != ticket.number) {
      if (interrupted)
        co_return Outcome::interrupted;
      if (!deadline)
        co_await released_.wait();
      else if (!co_await async::until(clock_, *deadline, released_.wait()))
        co_return Outcome::timed_out;
    }
    taken_ = true;
    co_return Outcome::taken;
  }
  [[nodiscard]] bool is_free() const { return !taken_ && waiting_.empty(); }
  void release() {
    taken_ = false;
    released_.notify();
  }
  void wake() { released_.notify(); }
  /// Ends at the next `release` or `wake`.
  [[nodiscard]] boost::asio::awaitable<void> woken() { return released_.wait(); }

private:
  /// A place in the queue, given up however the wait ends: a client may go away while it waits.
  struct Ticket {
    explicit Ticket(WriteLock& owner) : lock(owner), number(owner.next_ticket_++) { lock.waiting_.push_back(number); }
    ~Ticket() {
      std::erase(lock.waiting_, number);
      if (!lock.taken_)
        lock.released_.notify(); // whoever is next may be free to go
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    WriteLock& lock;
    std::uint64_t number;
  };

  bool taken_ = false;
  std::uint64_t next_ticket_ = 0;
  std::deque<std::uint64_t> waiting_; ///< in order of arrival
  async::Event released_;
  async::Clock& clock_;
};

} // namespace holdfast::fakes::pg
