#include "harness/async/event.hpp"

#include "harness/async/deadline.hpp"
#include "tests/support/support.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <doctest/doctest.h>

using namespace holdfast;
namespace asio = boost::asio;

namespace {

/// Waits once and says how it ended.
asio::awaitable<void> wait_and_note(async::Event& event, std::string name, std::string& notes) {
  std::string end = "woken";
  try {
    co_await event.wait();
  } catch (const boost::system::system_error& error) {
    end = error.code() == asio::error::operation_aborted ? "aborted" : "failed";
  }
  notes += name + " " + end + "; ";
}

asio::awaitable<void> count_notices(async::Event& event, int& count, std::shared_ptr<int> /*held*/ = {}) {
  for (;; ++count)
    co_await event.wait();
}

/// Everything that is due has run.
asio::awaitable<void> settle() {
  for (int i = 0; i < 5; ++i)
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

} // namespace

TEST_CASE("event: one notice wakes the one that has waited longest, another all the rest, none of them twice") {
  test::on_loop([](asio::any_io_executor executor, async::Clock&) -> asio::awaitable<void> {
    async::Event event(executor);
    std::string notes;
    for (const auto* name : {"a", "b", "c"})
      asio::co_spawn(executor, wait_and_note(event, name, notes), asio::detached);
    event.notify_one();
    CHECK(notes.empty()); // not inside the call
    co_await settle();
    CHECK(notes == "a woken; ");
    event.notify();
    event.notify();
    co_await settle();
    CHECK(notes == "a woken; b woken; c woken; ");
    asio::co_spawn(executor, wait_and_note(event, "d", notes), asio::detached);
    event.notify_and_run();
    CHECK(notes.ends_with("d woken; "));
  });
}

TEST_CASE("event: who waits again inside a notice belongs to the next one") {
  test::on_loop([](asio::any_io_executor executor, async::Clock&) -> asio::awaitable<void> {
    async::Event event(executor);
    int woken = 0;
    for (int i = 0; i < 2; ++i)
      asio::co_spawn(executor, count_notices(event, woken), asio::detached);
    event.notify_and_run();
    CHECK(woken == 2);
    event.notify();
    co_await settle();
    CHECK(woken == 4);
  });
}

TEST_CASE("event: a loop that ends takes those who still wait with it") {
  std::unique_ptr<async::Event> event;
  int woken = 0;
  const auto held = std::make_shared<int>();
  test::on_loop([&](asio::any_io_executor executor, async::Clock&) -> asio::awaitable<void> {
    event = std::make_unique<async::Event>(executor);
    asio::co_spawn(executor, count_notices(*event, woken, held), asio::detached);
    co_return;
  });
  CHECK(held.use_count() == 1);
  event->notify();
  CHECK(woken == 0);
}

TEST_CASE("event: a cancelled waiter takes no notice with it, an event that goes aborts the waits for it") {
  test::on_loop([](asio::any_io_executor executor, async::Clock& clock) -> asio::awaitable<void> {
    auto event = std::make_unique<async::Event>(executor);
    std::string notes;
    CHECK_FALSE(co_await async::until(clock, clock.now(), event->wait()));
    asio::co_spawn(executor, wait_and_note(*event, "a", notes), asio::detached);
    event->notify_one();
    co_await settle();
    CHECK(notes == "a woken; ");
    asio::co_spawn(executor, wait_and_note(*event, "b", notes), asio::detached);
    event.reset();
    co_await settle();
    CHECK(notes == "a woken; b aborted; ");
  });
}
