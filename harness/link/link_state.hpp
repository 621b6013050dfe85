// What a link and its connections share. Used by Link, Connection and Listener only.
#pragma once

#include "harness/link/link.hpp"
#include "harness/link/listener.hpp"

#include <set>

namespace holdfast::link {

class Connection;

/// A toxic or a tap, and the peers whose connections it acts on.
template <class T>
struct Applied {
  std::shared_ptr<T> what;
  Peers peers;
};

/// True when `peer` is one of `peers`; no peers at all mean every peer.
[[nodiscard]] bool concerns(const Peers& peers, const std::string& peer);

struct Link::State : std::enable_shared_from_this<Link::State> {
  State(asio::any_io_executor on, async::Clock& time) : executor(std::move(on)), clock(time) {}

  asio::any_io_executor executor;
  async::Clock& clock;
  std::string name;
  std::string protocol;
  Framing framing = Framing::opaque;
  OnMessage on_message;
  Admits admits;
  OnFailure on_failure;
  Counters counters;
  std::string unframed;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::set<std::shared_ptr<Connection>> connections;
  std::vector<Applied<Toxic>> toxics;
  std::vector<Applied<Tap>> taps;
  std::uint64_t next_connection = 0;

  /// Tells `on_failure`, unless the event loop is only ending.
  void fail(const std::exception_ptr& failure) const;
  /// Takes over a connection that `peer` opened: turns it away, or runs it to its end in the background.
  void accept(const std::string& peer, const std::shared_ptr<Upstream>& upstream, asio::ip::tcp::socket socket);
};

} // namespace holdfast::link
