// The far side of a link: a fake in memory, or a server on TCP or on a Unix socket, behind one interface.
#pragma once

#include "harness/link/fake.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <span>

namespace holdfast::link {

class UpstreamConnection {
public:
  virtual ~UpstreamConnection() = default;
  /// Bytes read; 0 at the end of the stream or after an error: the far side is then done.
  [[nodiscard]] virtual asio::awaitable<std::size_t> read(std::span<char> buffer) = 0;
  /// False when the far side no longer takes bytes.
  [[nodiscard]] virtual asio::awaitable<bool> write(std::string_view bytes) = 0;
  /// No more bytes will be written; reading goes on.
  virtual void finish_writing() = 0;
  /// Ends both directions; a `read` that waits returns as at the end of the stream.
  virtual void close() = 0;
};

class Upstream {
public:
  virtual ~Upstream() = default;
  /// Null when the far side refuses; `error` says why. Throws async::Shortage where the harness has no descriptor for
  /// it.
  [[nodiscard]] virtual asio::awaitable<std::unique_ptr<UpstreamConnection>>
  connect(boost::system::error_code& error) = 0;
};

[[nodiscard]] std::unique_ptr<Upstream> make_tcp_upstream(asio::any_io_executor executor, std::string address,
                                                          std::uint16_t port);
/// A server on a Unix socket.
[[nodiscard]] std::unique_ptr<Upstream> make_unix_upstream(asio::any_io_executor executor, std::string path);
/// For the connections of one peer. `fake` must outlive the upstream.
[[nodiscard]] std::unique_ptr<Upstream> make_fake_upstream(asio::any_io_executor executor, Fake& fake,
                                                           std::string peer);

} // namespace holdfast::link
