// One direction of one connection on its way out: bytes leave in order, through the toxics that are in force.
//
// Without toxics a write goes straight to the far side. With them every chunk carries the time at which it arrived, so
// that latency is a delay line: what arrives meanwhile is late by the same, not by the sum. Used by Connection only.
#pragma once

#include "harness/async/event.hpp"
#include "harness/link/toxic.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <functional>
#include <memory>

namespace holdfast::link {

class Outbox : public std::enable_shared_from_this<Outbox> {
public:
  struct Setup {
    Direction direction;
    async::Clock& clock;
    /// The toxics in force for this connection, now.
    std::function<std::vector<std::shared_ptr<Toxic>>()> toxics;
    /// Waits while a message of the connection is held.
    std::function<asio::awaitable<void>()> not_held;
    /// False when the far side takes no more.
    std::function<asio::awaitable<bool>(std::string_view)> write;
  };
  Outbox(const asio::any_io_executor& executor, Setup setup);

  /// Returns when the bytes have left, or, behind toxics, when there is room for more. False when they cannot leave:
  /// the far side takes no more, or the outbox is closed. Bytes are copied only where they have to wait.
  [[nodiscard]] asio::awaitable<bool> send(std::string_view bytes);
  /// Returns when everything has left; false when it cannot.
  [[nodiscard]] asio::awaitable<bool> flush();
  /// Forgets what has not left; `send` and `flush` that wait return false.
  void close();
  /// Returns when nothing is leaving any more; after `close`.
  [[nodiscard]] asio::awaitable<void> ended();

private:
  struct Waiting {
    std::string bytes;
    async::Time arrived;
  };
  asio::awaitable<void> pass(Toxic& toxic, Chunk chunk);
  asio::awaitable<void> until_closed();
  static asio::awaitable<void> drain(std::shared_ptr<Outbox> self);

  Setup setup_;
  async::Event changed_;
  std::deque<Waiting> waiting_;
  std::size_t size_ = 0; ///< of all that waits
  bool leaving_ = false;
  bool closed_ = false;
};

} // namespace holdfast::link
