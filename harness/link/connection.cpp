// What happens to one connection through a link. `run` dials the far side, then two coroutines copy: `from_client`
// towards the server, `from_server` towards the client. On a framed link each cuts its bytes into requests and replies,
// and every tap that concerns this peer is asked, one message at a time, before the message moves. All bytes leave
// through an outbox, where the toxics act on them.
//
// A function that returns awaitable<bool> returns false when its direction has ended: its caller stops copying.
#include "harness/link/connection.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <utility>

namespace holdfast::link {

using asio::use_awaitable;
using asio::ip::tcp;
using protocol::Unit;

Connection::Connection(std::shared_ptr<Link::State> link, std::string peer, std::uint64_t number, tcp::socket socket)
    : link_(std::move(link)), peer_(std::move(peer)), number_(number), client_(std::move(socket)),
      changed_(client_.get_executor()) {
  boost::system::error_code gone; // a client that has left already is noticed when it is read
  client_.non_blocking(true, gone);
}

void Connection::make_outboxes() {
  // The bare `this` is safe: the connection owns its outboxes, and `run` waits until both have ended before it lets the
  // connection go.
  const auto setup = [this](Direction direction, std::function<asio::awaitable<bool>(std::string_view)> write) {
    return Outbox::Setup{direction, link_->clock, [this] { return toxics(); },
                         [self = weak_from_this()]() -> asio::awaitable<void> {
                           if (const auto alive = self.lock())
                             co_await alive->not_held();
                         },
                         std::move(write)};
  };
  to_client_ = std::make_shared<Outbox>(
      client_.get_executor(), setup(Direction::to_client, [this](auto bytes) { return write_client(bytes); }));
  to_server_ = std::make_shared<Outbox>(
      client_.get_executor(), setup(Direction::to_server, [this](auto bytes) { return server_->write(bytes); }));
}

asio::awaitable<void> Connection::run(std::shared_ptr<Connection> self, std::shared_ptr<Upstream> upstream) {
  boost::system::error_code error;
  self->server_ = co_await upstream->connect(error);
  if (!self->server_) {
    ++self->link_->counters.upstream_refused;
    self->reset(); // the closest that an accepted connection can come to being refused
  } else if (!self->closing_) {
    self->make_outboxes();
    if (self->link_->framing == Framing::framed)
      self->conversation_ = protocol::make_conversation(self->link_->protocol);
    asio::co_spawn(self->client_.get_executor(), from_client(self), [self](const std::exception_ptr& failure) {
      self->client_done_ = true;
      if (failure)
        self->reset(); // nobody reads the client's bytes any more: it must not wait for a reply
      self->changed_.notify();
    });
    co_await from_server(self);
    while (!self->client_done_)
      co_await self->changed_.wait();
  }
  self->close();
  // An outbox that is still draining calls back into this connection. It was closed just now, so it ends soon; waiting
  // for it here is what keeps it from using a connection that is gone.
  for (const auto& outbox : {self->to_client_, self->to_server_})
    if (outbox)
      co_await outbox->ended();
  for (const auto& tap : self->link_->taps)
    tap.what->closed(self->number_);
  self->link_->connections.erase(self);
}

bool Connection::reset() {
  if (closing_)
    return false;
  boost::system::error_code error; // an already dead socket needs no reset
  // SO_LINGER with a timeout of zero makes close(2) send RST instead of FIN: the client sees "connection reset" and not
  // an orderly end of the stream, which could be taken for the end of a reply.
  client_.set_option(asio::socket_base::linger(true, 0), error);
  close();
  return true;
}

void Connection::close() {
  closing_ = true;
  boost::system::error_code error; // the descriptor is released whatever close(2) says
  client_.close(error);
  if (server_)
    server_->close();
  for (const auto& outbox : {to_client_, to_server_})
    if (outbox)
      outbox->close();
  changed_.notify();
}

asio::awaitable<void> Connection::from_client(std::shared_ptr<Connection> self) {
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
  // Half-close: the server hears that the client sends no more, after the last byte and not before. It may still reply.
  if (co_await self->to_server_->flush())
    self->server_->finish_writing();
}

asio::awaitable<void> Connection::from_server(std::shared_ptr<Connection> self) {
  std::vector<char> buffer(16U << 10U);
  while (!self->closing_) {
    const auto size = co_await self->server_->read(buffer);
    if (size == 0)
      break;
    if (!co_await self->server_bytes({buffer.data(), size}))
      break;
  }
  self->server_done_ = true;
  self->changed_.notify();
  // A reply without a length (HTTP/1.0) is complete only now: taps have not seen it yet.
  if (self->conversation_ && !self->closing_) {
    protocol::Units units;
    self->conversation_->server_closed(units);
    (void)co_await self->deliver_replies(std::move(units));
  }
  // Half-close: the client hears the end and may still be sending.
  boost::system::error_code error;
  if (co_await self->to_client_->flush() && !self->closing_)
    self->client_.shutdown(tcp::socket::shutdown_send, error);
}

asio::awaitable<bool> Connection::client_bytes(std::string_view bytes) {
  link_->counters.bytes += bytes.size();
  if (!conversation_)
    co_return co_await to_server_->send(bytes);
  protocol::Units units;
  conversation_->from_client(bytes, units);
  note_unframed();
  // One read may hold many pipelined requests. They are sent with one write, unless a tap wants to look at one of them:
  // `ask_taps` sends the batch so far first.
  std::string batch;
  for (const auto& unit : units) {
    co_await not_held(); // everything on a held connection waits
    if (closing_)
      co_return false;
    if (unit.kind == Unit::Kind::request) {
      ++link_->counters.requests;
      note(unit);
      if (!link_->taps.empty()) {
        const auto decision = co_await ask_taps(unit, batch);
        if (decision.kind == Decision::Kind::reset)
          co_return reset(), false;
        if (decision.kind == Decision::Kind::error) {
          if (!co_await inject(unit, decision.error, batch))
            co_return false;
          continue;
        }
      }
    }
    batch += unit.bytes;
  }
  co_return co_await to_server_->send(batch);
}

/// Asks every tap that concerns this peer about a request that has not been delivered; the first that does not forward
/// it decides. Whatever the client sent before this request is with the server by then: a tap may end the client's
/// process while it holds the request, and that must not take earlier requests along.
asio::awaitable<Decision> Connection::ask_taps(const Unit& unit, std::string& batch) {
  const Message message{peer_, number_, unit};
  const auto taps = link_->taps; // a copy: while a tap holds the message, a step may end and remove its tap
  for (const auto& tap : taps) {
    if (!concerns(tap.peers, peer_))
      continue;
    (void)co_await to_server_->send(std::exchange(batch, {}));
    (void)co_await to_server_->flush();
    co_await hold();
    if (closing_)
      co_return Decision{Decision::Kind::reset, {}};
    auto decision = co_await tap.what->request(message);
    release();
    if (decision.kind != Decision::Kind::forward)
      co_return decision;
  }
  co_return Decision{};
}

/// Answers a request in the server's place, after the replies to all requests before it. False when the connection ends
/// with it.
asio::awaitable<bool> Connection::inject(const Unit& unit, const protocol::ServerError& error, std::string& batch) {
  const auto injection = conversation_->inject(unit, error);
  // The server is to fail by itself, on a request that it must reject: its reply comes back like any other.
  if (!injection.to_server.empty()) {
    batch += injection.to_server;
    co_return true;
  }
  if (!co_await to_server_->send(std::exchange(batch, {}))) // their replies come first
    co_return false;
  // A client that pipelines tells replies apart by their order alone. The injected one goes when every earlier request
  // has been answered, and not in the middle of something that the server has begun to say.
  if (!injection.close) {
    const auto may_go = [&] { return replied_ + 1 >= unit.exchange && !conversation_->is_amid_message(); };
    while (!may_go() && !closing_ && !server_done_ && conversation_->unframed().empty())
      co_await changed_.wait();
    if (closing_ || !may_go())
      co_return reset(), false; // an earlier request will never be answered, or its reply cannot be told apart
    protocol::Units units;
    units.push_back(conversation_->give(unit, injection.to_client));
    co_return co_await deliver_replies(std::move(units));
  }
  // A fatal error overtakes what was asked before it: a server that gives up on a connection does not finish what it
  // has begun there.
  if (closing_ || !co_await to_client_->send(injection.to_client))
    co_return false;
  if (co_await to_client_->flush() && !closing_) {
    boost::system::error_code gone; // an error means that the client has left already
    client_.shutdown(tcp::socket::shutdown_send, gone);
  }
  server_->close();
  co_return false;
}

asio::awaitable<bool> Connection::server_bytes(std::string_view bytes) {
  link_->counters.bytes += bytes.size();
  if (!conversation_)
    co_return co_await to_client_->send(bytes);
  protocol::Units units;
  conversation_->from_server(bytes, units);
  note_unframed();
  co_return co_await deliver_replies(std::move(units));
}

asio::awaitable<bool> Connection::deliver_replies(protocol::Units units) {
  std::string batch;
  std::uint64_t replies = 0;
  for (auto& unit : units) {
    co_await not_held();
    if (closing_)
      co_return false;
    if (unit.kind == Unit::Kind::reply) {
      ++link_->counters.replies;
      note(unit);
      if (!link_->taps.empty() && !co_await hold_reply(unit, batch))
        co_return false;
      ++replies;
    }
    batch += unit.bytes;
  }
  const bool sent = co_await to_client_->send(batch);
  // Only now: `inject` may put its reply behind these as soon as they are counted.
  replied_ += replies;
  changed_.notify();
  co_return sent;
}

/// Asks every tap that concerns this peer about a reply that the client has not heard. Replies before it, and the bytes
/// of it that a tap wants delivered first (`reply+k`), are with the client when the tap is asked. False when a tap has
/// reset the connection, or when it ended meanwhile.
asio::awaitable<bool> Connection::hold_reply(Unit& unit, std::string& batch) {
  const Message message{peer_, number_, unit};
  const auto taps = link_->taps;
  for (const auto& tap : taps) {
    if (!concerns(tap.peers, peer_))
      continue;
    if (const auto first = std::min(tap.what->deliver_first(message), unit.bytes.size()); first > 0) {
      batch += unit.bytes.substr(0, first);
      unit.bytes.erase(0, first);
    }
    (void)co_await to_client_->send(std::exchange(batch, {}));
    (void)co_await to_client_->flush();
    co_await hold();
    if (closing_)
      co_return false;
    const auto decision = co_await tap.what->reply(message);
    release();
    if (decision.kind == Decision::Kind::reset)
      co_return reset(), false;
  }
  co_return true;
}

/// Marks a message of this connection as held, until `release`. Nothing else of the connection moves meanwhile, in
/// either direction: while a tap strikes, the client must not learn, nor the server receive, what came later.
asio::awaitable<void> Connection::hold() {
  co_await not_held();
  held_ = true;
}

void Connection::release() {
  held_ = false;
  changed_.notify();
}

asio::awaitable<void> Connection::not_held() {
  while (held_ && !closing_)
    co_await changed_.wait();
}

asio::awaitable<bool> Connection::write_client(std::string_view bytes) {
  // The socket is non-blocking. Almost everything fits into its buffer and leaves here, without a turn of the event
  // loop for each message; only the rest waits until the client reads.
  boost::system::error_code error;
  const auto sent = client_.write_some(asio::buffer(bytes), error);
  if (error && error != asio::error::would_block)
    co_return false;
  bytes.remove_prefix(sent);
  if (!bytes.empty())
    co_await asio::async_write(client_, asio::buffer(bytes), asio::redirect_error(use_awaitable, error));
  co_return bytes.empty() || !error;
}

std::vector<std::shared_ptr<Toxic>> Connection::toxics() const {
  std::vector<std::shared_ptr<Toxic>> mine;
  for (const auto& toxic : link_->toxics)
    if (concerns(toxic.peers, peer_))
      mine.push_back(toxic.what);
  return mine;
}

void Connection::note(const Unit& unit) {
  if (link_->on_message)
    link_->on_message({peer_, number_, unit});
}

/// Keeps the first reason why the link's bytes can no longer be told apart: it explains why a fault on messages was not
/// proven.
void Connection::note_unframed() {
  if (!conversation_->unframed().empty())
    changed_.notify(); // `inject` may be waiting for a reply; from here on no reply is recognised as one
  if (!conversation_->unframed().empty() && link_->unframed.empty())
    link_->unframed = fmt::format("{}: {}", peer_, conversation_->unframed());
}

} // namespace holdfast::link
