#include "harness/link/outbox.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::link {

namespace {
constexpr std::size_t room = 1U << 20U; ///< bytes that may wait behind toxics before the sender is held back
} // namespace

Outbox::Outbox(const asio::any_io_executor& executor, Setup setup) : setup_(std::move(setup)), changed_(executor) {}

// `leaving_` is true while someone writes: a direct write of `send`, or one `drain` in the background. There is never a
// second writer, so bytes cannot overtake each other.
asio::awaitable<bool> Outbox::send(std::string_view bytes) {
  if (bytes.empty() || closed_)
    co_return !closed_;
  if (!leaving_ && setup_.toxics().empty()) {
    leaving_ = true;
    const bool written = co_await setup_.write(bytes);
    closed_ = closed_ || !written;
    leaving_ = false;
    // While this write waited for the far side, another `send` may have queued bytes, and no drain was begun for them.
    if (!waiting_.empty() && !closed_) {
      leaving_ = true;
      asio::co_spawn(co_await asio::this_coro::executor, drain(shared_from_this()), asio::detached);
    }
    changed_.notify();
    co_return !closed_;
  }
  // Copied and stamped with their arrival: the caller may go on reading while toxics delay these.
  waiting_.push_back({std::string(bytes), setup_.clock.now()});
  size_ += bytes.size();
  if (!leaving_) {
    leaving_ = true;
    asio::co_spawn(co_await asio::this_coro::executor, drain(shared_from_this()), asio::detached);
  }
  // A full queue holds back the coroutine that reads the other side, and TCP then holds back the sender: a `hang` must
  // not make the harness buffer without end.
  while (size_ > room && !closed_)
    co_await changed_.wait();
  co_return !closed_;
}

asio::awaitable<void> Outbox::drain(std::shared_ptr<Outbox> self) {
  while (!self->waiting_.empty() && !self->closed_) {
    const auto chunk = std::move(self->waiting_.front());
    self->waiting_.pop_front();
    // The toxics are asked for anew with every chunk: one that was removed meanwhile does not act on the chunks that
    // still wait.
    for (const auto& toxic : self->setup_.toxics())
      if (!self->closed_)
        co_await self->pass(*toxic, {chunk.bytes.size(), chunk.arrived});
    // Bytes that were on their way before a tap took hold of a message wait as well: nothing may arrive during a
    // strike.
    co_await self->setup_.not_held();
    if (self->closed_ || !co_await self->setup_.write(chunk.bytes))
      self->closed_ = true;
    self->size_ -= chunk.bytes.size();
    self->changed_.notify();
  }
  self->leaving_ = false;
  self->changed_.notify();
}

/// Lets one chunk pass a toxic, or gives up when the outbox is closed: a connection that is reset under a `hang` ends
/// at once, and not when the hang is undone. What the toxic throws is thrown.
asio::awaitable<void> Outbox::pass(Toxic& toxic, Chunk chunk) {
  const auto executor = co_await asio::this_coro::executor;
  auto race = asio::experimental::make_parallel_group(
      asio::co_spawn(executor, toxic.pass(setup_.direction, chunk), asio::deferred),
      asio::co_spawn(executor, until_closed(), asio::deferred));
  auto [order, failure, closing] = co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 0 && failure)
    std::rethrow_exception(failure);
}

asio::awaitable<void> Outbox::until_closed() {
  while (!closed_)
    co_await changed_.wait();
}

asio::awaitable<bool> Outbox::flush() {
  while (leaving_ && !closed_)
    co_await changed_.wait();
  co_return !closed_;
}

asio::awaitable<void> Outbox::ended() {
  while (leaving_)
    co_await changed_.wait();
}

void Outbox::close() {
  closed_ = true;
  changed_.notify();
}

} // namespace holdfast::link
