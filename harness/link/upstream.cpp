#include "harness/link/upstream.hpp"

#include "harness/async/event.hpp"
#include "harness/async/shortage.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace holdfast::link {

namespace {

using asio::use_awaitable;
using asio::ip::tcp;

/// A stream socket of the kernel, whatever its family.
template <class Protocol>
class SocketConnection final : public UpstreamConnection {
public:
  using Socket = typename Protocol::socket;
  explicit SocketConnection(Socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<std::size_t> read(std::span<char> buffer) override {
    boost::system::error_code error;
    const auto size = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                                                       asio::redirect_error(use_awaitable, error));
    co_return error ? 0 : size;
  }
  asio::awaitable<bool> write(std::string_view bytes) override {
    boost::system::error_code error;
    co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(use_awaitable, error));
    co_return !error;
  }
  void finish_writing() override {
    boost::system::error_code error; // not connected any more: there is nothing left to finish
    socket_.shutdown(Socket::shutdown_send, error);
  }
  void close() override {
    boost::system::error_code error; // the descriptor is released whatever close(2) says
    socket_.close(error);
  }

private:
  Socket socket_;
};

class TcpUpstream final : public Upstream {
public:
  TcpUpstream(asio::any_io_executor executor, const std::string& address, std::uint16_t port)
      : executor_(std::move(executor)), endpoint_(asio::ip::make_address(address), port) {}

  asio::awaitable<std::unique_ptr<UpstreamConnection>> connect(boost::system::error_code& error) override {
    tcp::socket socket(executor_);
    co_await socket.async_connect(endpoint_, asio::redirect_error(use_awaitable, error));
    // A descriptor that the harness lacks is no refusal by the server: it must not look like an outage of it.
    async::throw_shortage(error, "connecting a link");
    if (error)
      co_return nullptr;
    // Nagle's algorithm would hold back small messages for an ACK: a delay that the scenario has not asked for.
    socket.set_option(tcp::no_delay(true));
    co_return std::make_unique<SocketConnection<tcp>>(std::move(socket));
  }

private:
  asio::any_io_executor executor_;
  tcp::endpoint endpoint_;
};

class UnixUpstream final : public Upstream {
public:
  UnixUpstream(asio::any_io_executor executor, const std::string& path)
      : executor_(std::move(executor)), endpoint_(path) {}

  asio::awaitable<std::unique_ptr<UpstreamConnection>> connect(boost::system::error_code& error) override {
    Local::socket socket(executor_);
    co_await socket.async_connect(endpoint_, asio::redirect_error(use_awaitable, error));
    async::throw_shortage(error, "connecting a link");
    if (error)
      co_return nullptr;
    co_return std::make_unique<SocketConnection<Local>>(std::move(socket));
  }

private:
  using Local = asio::local::stream_protocol;
  asio::any_io_executor executor_;
  Local::endpoint endpoint_;
};

/// A connection to a fake: no socket, two coroutines of one thread. `write` hands requests to the fake, which appends
/// its replies to `waiting_`; `read` takes them from there.
class MemoryConnection final : public UpstreamConnection {
public:
  MemoryConnection(const asio::any_io_executor& executor, std::unique_ptr<FakeConnection> fake)
      : fake_(std::move(fake)), changed_(executor) {}

  asio::awaitable<std::size_t> read(std::span<char> buffer) override {
    while (waiting_.empty() && !ended_)
      co_await changed_.wait();
    const auto size = std::min(buffer.size(), waiting_.size() - taken_);
    std::copy_n(waiting_.data() + taken_, size, buffer.data());
    taken_ += size;
    if (taken_ == waiting_.size())
      waiting_.clear(), taken_ = 0;
    changed_.notify(); // `write` may be waiting until replies have been read
    co_return size;
  }
  asio::awaitable<bool> write(std::string_view bytes) override {
    // The fake stops when its reply has grown beyond `reply_room`. It is called again, without new bytes, when the
    // client has read enough, until it has taken everything or the connection has ended.
    for (auto taken = FakeConnection::Taken::some; taken == FakeConnection::Taken::some && !ended_; bytes = {}) {
      taken = co_await fake_->receive(bytes, waiting_);
      if (fake_->closed())
        ended_ = true;
      // The reader goes on inside this call, so that the reply is on its way before the caller reads the next request.
      changed_.notify_and_run();
      while (waiting_.size() - taken_ > FakeConnection::reply_room && !ended_)
        co_await changed_.wait();
    }
    co_return !ended_;
  }
  // When a client has sent its last byte, every `write` has returned and the fake has said all that it will: a reader
  // still gets what waits, and then the end of the stream.
  void finish_writing() override {
    ended_ = true;
    changed_.notify();
  }
  void close() override { finish_writing(); }

private:
  std::unique_ptr<FakeConnection> fake_;
  async::Event changed_;
  std::string waiting_;
  std::size_t taken_ = 0; ///< of what waits
  bool ended_ = false;
};

class FakeUpstream final : public Upstream {
public:
  FakeUpstream(asio::any_io_executor executor, Fake& fake, std::string peer)
      : executor_(std::move(executor)), fake_(fake), peer_(std::move(peer)) {}
  asio::awaitable<std::unique_ptr<UpstreamConnection>> connect(boost::system::error_code&) override {
    co_return std::make_unique<MemoryConnection>(executor_, fake_.connect(peer_));
  }

private:
  asio::any_io_executor executor_;
  Fake& fake_;
  std::string peer_;
};

} // namespace

std::unique_ptr<Upstream> make_tcp_upstream(asio::any_io_executor executor, std::string address, std::uint16_t port) {
  return std::make_unique<TcpUpstream>(std::move(executor), address, port);
}

std::unique_ptr<Upstream> make_unix_upstream(asio::any_io_executor executor, std::string path) {
  return std::make_unique<UnixUpstream>(std::move(executor), path);
}

std::unique_ptr<Upstream> make_fake_upstream(asio::any_io_executor executor, Fake& fake, std::string peer) {
  return std::make_unique<FakeUpstream>(std::move(executor), fake, std::move(peer));
}

} // namespace holdfast::link
