// One connection of a protocol, seen from the middle: bytes go in as they arrive, units come out that can be forwarded
// or held as a whole. Pure: no I/O, no time. One instance a connection.
//
// A unit that ends a request or a reply carries the exchange that it belongs to; everything else (handshakes, pushes,
// the earlier parts of a large body) passes. The units of one direction, put together, are exactly the bytes that went
// in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::protocol {

/// What a request means: see the design's table of operations and keys.
struct Request {
  std::vector<std::string> operations; ///< the leading keyword, command or method; and "commit" for an implicit one
  std::vector<std::string> keys;       ///< everything that a trigger's `key` may name
  bool in_transaction = false;         ///< a Redis command between MULTI and EXEC
  bool answered_early = false;         ///< an HTTP request that was answered before its end: its reply came first
};

struct Unit {
  enum class Kind { pass, request, reply };
  Kind kind = Kind::pass;
  std::string bytes;
  std::uint64_t exchange = 0; ///< of a request or reply; counts from 1 on each connection
  Request request;            ///< of a request
  bool whole = true;          ///< of a request: nothing of it has been let go before
  bool answered = true;       ///< of a reply: false when it says that the request did not do what it asked
                              ///< (an error; a COMMIT answered ROLLBACK)
};

using Units = std::vector<Unit>;

/// An error that is to be answered in the server's place.
struct ServerError {
  enum class Severity {
    by_code, ///< as the server would have it for this code
    error,   ///< the request fails, the connection goes on
    fatal    ///< the connection ends
  };
  std::string code; ///< SQLSTATE, Redis error prefix or HTTP status; empty: the protocol's usual one
  std::string text;
  Severity severity = Severity::by_code;
};

/// How a request is answered with an error so that both sides end where a real server would leave them.
struct Injection {
  /// Delivered in the request's place: something that the server rejects in the same state. Its reply comes out of
  /// `from_server` as the error. Empty: nothing is delivered.
  std::string to_server;
  std::string to_client; ///< the reply, when nothing is delivered: see Conversation::give
  bool close = false;    ///< after the reply both sides are closed
};

class Conversation {
public:
  /// Messages up to this size are held as a whole; of longer ones the last part.
  static constexpr std::size_t bound = 1U << 20U;

  virtual ~Conversation() = default;
  virtual void from_client(std::string_view bytes, Units& units) = 0;
  virtual void from_server(std::string_view bytes, Units& units) = 0;
  /// How to answer `request`, which has not been delivered, with an error.
  [[nodiscard]] virtual Injection inject(const Unit& request, const ServerError& error) = 0;
  /// `Injection::to_client` as the reply to `request`, when it is that one's turn. It does not go through
  /// `from_server`: the server may have said half of something else.
  [[nodiscard]] Unit give(const Unit& request, std::string reply) {
    answered_by_injection();
    return {.kind = Unit::Kind::reply, .bytes = std::move(reply), .exchange = request.exchange, .answered = false};
  }
  /// True while only a part of a server's message has been passed on: an injected reply would land in the middle of it.
  [[nodiscard]] virtual bool is_amid_message() const { return false; }
  /// The server closed: a reply that lasts until then is complete now.
  virtual void server_closed(Units&) {}
  /// Why bytes can no longer be framed; empty while they can. From then on everything passes.
  [[nodiscard]] const std::string& unframed() const { return unframed_; }

protected:
  void give_up(std::string why) {
    if (unframed_.empty())
      unframed_ = std::move(why);
  }

private:
  /// `give` has answered the first request that waits for a reply: it waits no longer.
  virtual void answered_by_injection() {}

  std::string unframed_;
};

/// Of the protocol's kind: see all.cpp. Throws std::logic_error where there is none of that name.
[[nodiscard]] std::unique_ptr<Conversation> make_conversation(std::string_view protocol);

[[nodiscard]] std::string lower(std::string_view text);

} // namespace holdfast::protocol
