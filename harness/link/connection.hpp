// One connection through a link: the two directions, framed where the link is, with its taps and toxics. Used by Link
// only; keeps itself and the link's state alive until it has ended.
#pragma once

#include "harness/async/event.hpp"
#include "harness/link/link_state.hpp"
#include "harness/link/outbox.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace holdfast::link {

class Connection : public std::enable_shared_from_this<Connection> {
public:
  Connection(std::shared_ptr<Link::State> link, std::string peer, std::uint64_t number, asio::ip::tcp::socket socket);

  /// Dials `upstream`, copies until both directions have ended, closes both sides and leaves the link's set of
  /// connections. A client whose upstream refuses is reset. Throws async::Shortage, and what a fake throws when it is
  /// connected to.
  static asio::awaitable<void> run(std::shared_ptr<Connection> self, std::shared_ptr<Upstream> upstream);

  /// RST to the client, close to the server. False when the connection had ended already.
  bool reset();
  [[nodiscard]] const std::string& peer() const { return peer_; }

private:
  static asio::awaitable<void> from_client(std::shared_ptr<Connection> self);
  static asio::awaitable<void> from_server(std::shared_ptr<Connection> self);
  asio::awaitable<bool> client_bytes(std::string_view bytes);
  asio::awaitable<bool> server_bytes(std::string_view bytes);
  asio::awaitable<Decision> ask_taps(const protocol::Unit& unit, std::string& batch);
  asio::awaitable<bool> inject(const protocol::Unit& unit, const protocol::ServerError& error, std::string& batch);
  asio::awaitable<bool> deliver_replies(protocol::Units units);
  asio::awaitable<bool> hold_reply(protocol::Unit& unit, std::string& batch);
  asio::awaitable<void> hold();
  void release();
  asio::awaitable<void> not_held();
  asio::awaitable<bool> write_client(std::string_view bytes);
  [[nodiscard]] std::vector<std::shared_ptr<Toxic>> toxics() const;
  void note(const protocol::Unit& unit);
  void note_unframed();
  void make_outboxes();
  void close();

  std::shared_ptr<Link::State> link_;
  std::string peer_;
  std::uint64_t number_;
  asio::ip::tcp::socket client_;
  std::unique_ptr<UpstreamConnection> server_;
  std::unique_ptr<protocol::Conversation> conversation_;
  std::shared_ptr<Outbox> to_client_, to_server_;
  async::Event changed_;
  std::uint64_t replied_ = 0; ///< replies that were handed to the client's outbox
  bool held_ = false;
  bool client_done_ = false;
  bool server_done_ = false;
  bool closing_ = false;
};

} // namespace holdfast::link
