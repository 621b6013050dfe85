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

asio::awaitable<bool> Outbox::send(std::string_view bytes) {
  if (bytes.empty() || closed_)
    co_return !closed_;
  if (!leaving_ && setup_.toxics().empty()) {
    leaving_ = true;
    const bool written = co_await setup_.write(bytes);
    closed_ = closed_ || !written;
    leaving_ = false;
    if (!waiting_.empty() && !closed_) {
      leaving_ = true;
      asio::co_spawn(co_await asio::this_coro::executor, drain(shared_from_this()), asio::detached);
    }
    changed_.notify();
    co_return !closed_;
  }
  waiting_.push_back({std::string(bytes), setup_.clock.now()});
  size_ += bytes.size();
  if (!leaving_) {
    leaving_ = true;
    asio::co_spawn(co_await asio::this_coro::executor, drain(shared_from_this()), asio::detached);
  }
  while (size_ > room && !closed_)
    co_await changed_.wait();
  co_return !closed_;
}

asio::awaitable<void> Outbox::drain(std::shared_ptr<Outbox> self) {
  while (!self->waiting_.empty() && !self->closed_) {
    const auto chunk = std::move(self->waiting_.front());
    self->waiting_.pop_front();
    for (const auto& toxic : self->setup_.toxics())
      if (!self->closed_)
        co_await self->pass(*toxic, {chunk.bytes.size(), chunk.arrived});
    co_await self->setup_.not_held();
    if (self->closed_ || !co_await self->setup_.write(chunk.bytes))
      self->closed_ = true;
    self->size_ -= chunk.bytes.size();
    self->changed_.notify();
  }
  self->leaving_ = false;
  self->changed_.notify();
}

/// A connection that is reset does not wait for what held its bytes.
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
