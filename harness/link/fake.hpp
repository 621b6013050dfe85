// What a link needs of a dependency that lives inside the harness. A fake speaks the real wire protocol in bytes; it
// knows nothing of sockets, links or time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast::link {

namespace asio = boost::asio;

class FakeConnection {
public:
  virtual ~FakeConnection() = default; ///< the client has gone: open transactions are rolled back
  /// Replies beyond this wait until the client has read: a client that asks and never reads must not grow a fake.
  static constexpr std::size_t reply_room = 1U << 20U;

  enum class Taken {
    all,
    some ///< the reply has grown beyond `reply_room`: to be called again, without bytes, when the client has read
  };
  /// Takes bytes as they arrive, cut anywhere, and appends what the server answers. May suspend (a writer that waits
  /// for another); never blocks. Not called again before it has returned.
  [[nodiscard]] virtual asio::awaitable<Taken> receive(std::string_view bytes, std::string& reply) = 0;
  /// The fake has ended the conversation: deliver what it said, then close.
  [[nodiscard]] virtual bool closed() const = 0;
};

class Fake {
public:
  virtual ~Fake() = default;
  /// `peer` is the instance that connects: "bank@2".
  [[nodiscard]] virtual std::unique_ptr<FakeConnection> connect(const std::string& peer) = 0;
};

} // namespace holdfast::link
