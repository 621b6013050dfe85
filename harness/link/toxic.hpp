// What can be done to the bytes and the messages of a link while they pass. One file a toxic, under harness/faults/.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/protocol/conversation.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

namespace holdfast::link {

namespace asio = boost::asio;

enum class Direction { to_server, to_client };

/// Some bytes on their way.
struct Chunk {
  std::size_t size = 0;
  async::Time arrived{}; ///< at the link
};

/// Acts on bytes, whatever the protocol. Called for every chunk of every connection of the peers that it is applied to.
class Toxic {
public:
  virtual ~Toxic() = default;
  /// Returns when the chunk may go on; cancelled when the chunk's connection ends. Must return soon after the toxic has
  /// been removed from the link.
  [[nodiscard]] virtual asio::awaitable<void> pass(Direction direction, Chunk chunk) = 0;
};

/// One message as a tap sees it.
struct Message {
  std::string peer;         ///< who talks to the dependency: "bank@2"
  std::uint64_t connection; ///< number of the connection on its link
  const protocol::Unit& unit;
};

/// What becomes of a message after a tap has seen it.
struct Decision {
  enum class Kind {
    forward,
    reset, ///< the client is reset, the server's side closed; the message is lost
    error  ///< a request: not applied, answered with `error` as its server would
  };
  Kind kind = Kind::forward;
  protocol::ServerError error;
};

/// Acts on whole messages. Needs a link that frames its protocol.
class Tap {
public:
  virtual ~Tap() = default;
  /// A complete request, not yet delivered. The connection is held until this returns.
  [[nodiscard]] virtual asio::awaitable<Decision> request(const Message&) { co_return Decision{}; }
  /// A complete reply that the client has not heard, but for the bytes that `deliver_first` let go. The connection is
  /// held until this returns. Of a decision only `reset` has an effect: a reply cannot be turned into an error.
  [[nodiscard]] virtual asio::awaitable<Decision> reply(const Message&) { co_return Decision{}; }
  /// How many bytes of a reply the client is to hear before `reply` is called for it; at most all of them are sent.
  [[nodiscard]] virtual std::size_t deliver_first(const Message&) { return 0; }
  /// A connection has ended, with whatever was pending on it.
  virtual void closed(std::uint64_t /*connection*/) {}
};

} // namespace holdfast::link
