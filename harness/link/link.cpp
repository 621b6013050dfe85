#include "harness/link/link.hpp"

#include "harness/async/event.hpp"
#include "harness/link/listener.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <set>

namespace holdfast::link {

using asio::use_awaitable;
using asio::ip::tcp;

namespace {

bool concerns(const Peers& peers, const std::string& peer) {
  return peers.empty() || std::find(peers.begin(), peers.end(), peer) != peers.end();
}

template <class T>
struct Applied {
  std::shared_ptr<T> what;
  Peers peers;
};

class Connection;

} // namespace

struct Link::State : std::enable_shared_from_this<Link::State> {
  asio::any_io_executor executor;
  std::string name;
  std::string protocol;
  std::unique_ptr<Upstream> upstream;
  Framing framing = Framing::opaque;
  Counters counters;
  std::string unframed;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::set<std::shared_ptr<Connection>> connections;
  std::vector<Applied<Toxic>> toxics;
  std::vector<Applied<Tap>> taps;
  std::uint64_t next_connection = 0;

  void accept(const std::string& peer, tcp::socket socket);
};

namespace {

class Connection : public std::enable_shared_from_this<Connection> {
public:
  Connection(std::shared_ptr<Link::State> link, std::string peer, std::uint64_t number, tcp::socket socket)
      : link_(std::move(link)), peer_(std::move(peer)), number_(number), client_(std::move(socket)),
        changed_(client_.get_executor()) {}

  [[nodiscard]] const std::string& peer() const { return peer_; }

  static asio::awaitable<void> run(std::shared_ptr<Connection> self) {
    boost::system::error_code error;
    self->server_ = co_await self->link_->upstream->connect(error);
    if (!self->server_) {
      ++self->link_->counters.upstream_refused;
      self->reset(); // the closest that an accepted connection can come to being refused
    } else if (!self->closing_) {
      if (self->link_->framing == Framing::framed)
        self->conversation_ = protocol::make_conversation(self->link_->protocol);
      asio::co_spawn(self->client_.get_executor(), from_client(self), asio::detached);
      co_await from_server(self);
      while (!self->client_done_)
        co_await self->changed_.wait();
    }
    self->close();
    for (const auto& tap : self->link_->taps)
      tap.what->closed(self->number_);
    self->link_->connections.erase(self);
  }

  /// RST to the client, close to the server. False when the connection had ended already.
  bool reset() {
    if (closing_)
      return false;
    boost::system::error_code error; // an already dead socket needs no reset
    client_.set_option(asio::socket_base::linger(true, 0), error);
    close();
    return true;
  }

private:
  void close() {
    closing_ = true;
    boost::system::error_code error; // the descriptor is released whatever close(2) says
    client_.close(error);
    if (server_)
      server_->close();
    changed_.notify();
  }

  static asio::awaitable<void> from_client(std::shared_ptr<Connection> self) {
    std::vector<char> buffer(16U << 10U);
    while (!self->closing_) {
      boost::system::error_code error;
      const auto size =
          co_await self->client_.async_read_some(asio::buffer(buffer), asio::redirect_error(use_awaitable, error));
      if (error)
        break;
      if (!co_await self->client_bytes({buffer.data(), size}))
        break;
    }
    if (self->server_)
      self->server_->finish_writing();
    self->client_done_ = true;
    self->changed_.notify();
  }

  static asio::awaitable<void> from_server(std::shared_ptr<Connection> self) {
    std::vector<char> buffer(16U << 10U);
    while (!self->closing_) {
      const auto size = co_await self->server_->read(buffer);
      if (size == 0)
        break;
      if (!co_await self->server_bytes({buffer.data(), size}))
        break;
    }
    if (self->conversation_ && !self->closing_) {
      protocol::Units units;
      self->conversation_->server_closed(units);
      (void)co_await self->deliver_replies(std::move(units));
    }
    // Half-close: the client hears the end and may still be sending.
    boost::system::error_code error;
    if (!self->closing_)
      self->client_.shutdown(tcp::socket::shutdown_send, error);
  }

  asio::awaitable<bool> client_bytes(std::string_view bytes) {
    if (!conversation_)
      co_return co_await to_server(bytes);
    protocol::Units units;
    conversation_->from_client(bytes, units);
    note_unframed();
    std::string batch; // what no tap holds goes on in one piece
    for (auto& unit : units) {
      while (reply_held_ && !closing_)
        co_await changed_.wait(); // everything on a held connection waits
      if (unit.kind == protocol::Unit::Kind::request) {
        ++link_->counters.requests;
        if (!link_->taps.empty()) {
          const auto decision = co_await ask_taps(unit, batch);
          if (decision.kind == Decision::Kind::reset)
            co_return reset(), false;
          if (decision.kind != Decision::Kind::forward) {
            if (!co_await inject(unit, decision))
              co_return false;
            continue;
          }
        }
      }
      batch += unit.bytes;
    }
    co_return batch.empty() || co_await to_server(batch);
  }

  /// The request position. What precedes the message is sent before anyone may hold it.
  asio::awaitable<Decision> ask_taps(protocol::Unit& unit, std::string& batch) {
    const Message message{peer_, number_, unit};
    const auto taps = link_->taps; // a tap may remove itself
    for (const auto& tap : taps) {
      if (!concerns(tap.peers, peer_))
        continue;
      if (!batch.empty()) {
        (void)co_await to_server(std::exchange(batch, {}));
      }
      held_ = true;
      auto decision = co_await tap.what->request(message);
      held_ = false;
      changed_.notify();
      if (decision.kind != Decision::Kind::forward)
        co_return decision;
    }
    co_return Decision{};
  }

  /// Answers a request in the server's place, after the replies to all requests before it.
  asio::awaitable<bool> inject(const protocol::Unit& unit, const Decision& decision) {
    while (replied_ + 1 < unit.exchange && !closing_)
      co_await changed_.wait();
    if (closing_)
      co_return false;
    protocol::Units units;
    conversation_->from_server(decision.text, units);
    for (auto& reply : units)
      co_await write_client(reply.bytes);
    replied_ = unit.exchange;
    if (decision.kind != Decision::Kind::answer_and_close)
      co_return true;
    boost::system::error_code error;
    if (!closing_)
      client_.shutdown(tcp::socket::shutdown_send, error);
    if (server_)
      server_->close();
    co_return false;
  }

  asio::awaitable<bool> server_bytes(std::string_view bytes) {
    if (!conversation_) {
      link_->counters.bytes += bytes.size();
      co_await pass_toxics(Direction::to_client, bytes.size());
      co_return co_await write_client(bytes);
    }
    protocol::Units units;
    conversation_->from_server(bytes, units);
    note_unframed();
    co_return co_await deliver_replies(std::move(units));
  }

  asio::awaitable<bool> deliver_replies(protocol::Units units) {
    std::string batch;
    for (auto& unit : units) {
      while (held_ && !closing_)
        co_await changed_.wait();
      if (unit.kind == protocol::Unit::Kind::reply) {
        ++link_->counters.replies;
        if (!link_->taps.empty()) {
          if (!co_await hold_reply(unit, batch))
            co_return false;
        }
        replied_ = unit.exchange;
        changed_.notify();
      }
      batch += unit.bytes;
    }
    if (batch.empty())
      co_return true;
    link_->counters.bytes += batch.size();
    co_await pass_toxics(Direction::to_client, batch.size());
    co_return co_await write_client(batch);
  }

  /// The reply positions. False when a tap reset the connection.
  asio::awaitable<bool> hold_reply(protocol::Unit& unit, std::string& batch) {
    const Message message{peer_, number_, unit};
    const auto taps = link_->taps;
    for (const auto& tap : taps) {
      if (!concerns(tap.peers, peer_))
        continue;
      if (const auto first = std::min(tap.what->deliver_first(message), unit.bytes.size()); first > 0) {
        batch += unit.bytes.substr(0, first);
        unit.bytes.erase(0, first);
      }
      if (!batch.empty())
        (void)co_await write_client(std::exchange(batch, {}));
      reply_held_ = true;
      const auto decision = co_await tap.what->reply(message);
      reply_held_ = false;
      changed_.notify();
      if (decision.kind == Decision::Kind::reset)
        co_return reset(), false;
    }
    co_return true;
  }

  asio::awaitable<bool> to_server(std::string_view bytes) {
    link_->counters.bytes += bytes.size();
    co_await pass_toxics(Direction::to_server, bytes.size());
    if (closing_)
      co_return false;
    co_return co_await server_->write(bytes);
  }

  asio::awaitable<bool> write_client(std::string_view bytes) {
    boost::system::error_code error;
    co_await asio::async_write(client_, asio::buffer(bytes), asio::redirect_error(use_awaitable, error));
    co_return !error;
  }

  asio::awaitable<void> pass_toxics(Direction direction, std::size_t size) {
    if (link_->toxics.empty())
      co_return;
    const auto toxics = link_->toxics;
    for (const auto& toxic : toxics)
      if (concerns(toxic.peers, peer_) && !closing_)
        co_await toxic.what->pass(direction, size);
  }

  void note_unframed() {
    if (!conversation_->unframed().empty() && link_->unframed.empty())
      link_->unframed = fmt::format("{}: {}", peer_, conversation_->unframed());
  }

  std::shared_ptr<Link::State> link_;
  std::string peer_;
  std::uint64_t number_;
  tcp::socket client_;
  std::unique_ptr<UpstreamConnection> server_;
  std::unique_ptr<protocol::Conversation> conversation_;
  async::Event changed_;
  std::uint64_t replied_ = 0;
  bool held_ = false;
  bool reply_held_ = false;
  bool client_done_ = false;
  bool closing_ = false;
};

} // namespace

void Link::State::accept(const std::string& peer, tcp::socket socket) {
  ++counters.connections;
  auto connection = std::make_shared<Connection>(shared_from_this(), peer, ++next_connection, std::move(socket));
  connections.insert(connection);
  asio::co_spawn(executor, Connection::run(connection), asio::detached);
}

Link::Link(asio::any_io_executor executor, std::string name, std::string protocol, std::unique_ptr<Upstream> upstream,
           Framing framing)
    : state_(std::make_shared<State>()) {
  state_->executor = std::move(executor);
  state_->name = std::move(name);
  state_->protocol = std::move(protocol);
  state_->upstream = std::move(upstream);
  state_->framing = framing;
}

Link::~Link() {
  state_->listeners.clear();
  state_->toxics.clear();
  reset({});
}

boost::system::result<void, std::string> Link::listen(const Endpoint& endpoint) {
  // The listener is owned by the state, so it must not own the state in turn.
  auto opened = Listener::open(state_->executor, endpoint,
                               [weak = std::weak_ptr(state_), peer = endpoint.peer](tcp::socket socket) {
                                 if (const auto state = weak.lock())
                                   state->accept(peer, std::move(socket));
                               });
  if (!opened)
    return opened.error();
  state_->listeners.push_back(std::move(*opened));
  return {};
}

const std::string& Link::name() const {
  return state_->name;
}
const std::string& Link::protocol() const {
  return state_->protocol;
}
bool Link::is_framed() const {
  return state_->framing == Framing::framed;
}
const Link::Counters& Link::counters() const {
  return state_->counters;
}
const std::string& Link::unframed() const {
  return state_->unframed;
}

std::vector<Endpoint> Link::endpoints() const {
  std::vector<Endpoint> all;
  for (const auto& listener : state_->listeners)
    all.push_back(listener->endpoint());
  return all;
}

void Link::refuse(const Peers& peers) {
  for (const auto& listener : state_->listeners)
    if (concerns(peers, listener->endpoint().peer))
      listener->refuse();
}

void Link::accept_again(const Peers& peers) {
  for (const auto& listener : state_->listeners)
    if (concerns(peers, listener->endpoint().peer))
      listener->accept_again();
}

std::size_t Link::reset(const Peers& peers) {
  std::size_t count = 0;
  const auto all = state_->connections; // connections leave the set as they end
  for (const auto& connection : all) {
    if (!concerns(peers, connection->peer()))
      continue;
    count += connection->reset() ? 1 : 0;
  }
  return count;
}

void Link::add(std::shared_ptr<Toxic> toxic, Peers peers) {
  state_->toxics.push_back({std::move(toxic), std::move(peers)});
}
void Link::remove(const std::shared_ptr<Toxic>& toxic) {
  std::erase_if(state_->toxics, [&](const auto& one) { return one.what == toxic; });
}
void Link::add(std::shared_ptr<Tap> tap, Peers peers) {
  state_->taps.push_back({std::move(tap), std::move(peers)});
}
void Link::remove(const std::shared_ptr<Tap>& tap) {
  std::erase_if(state_->taps, [&](const auto& one) { return one.what == tap; });
}

} // namespace holdfast::link
