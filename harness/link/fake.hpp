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
  /// Takes bytes as they arrive, cut anywhere, and appends what the server answers. May suspend (a writer that waits
  /// for another); never blocks. Not called again before it has returned.
  [[nodiscard]] virtual asio::awaitable<void> receive(std::string_view bytes, std::string& reply) = 0;
  /// The fake has ended the conversation: deliver what it said, then close.
  [[nodiscard]] virtual bool closed() const = 0;
};

class Fake {
public:
  virtual ~Fake() = default;
  [[nodiscard]] virtual std::unique_ptr<FakeConnection> connect() = 0;
};

} // namespace holdfast::link
