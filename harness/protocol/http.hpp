// HTTP/1.1 message framing: RFC 9112, section 6.
#pragma once

#include "harness/protocol/conversation.hpp"

#include <deque>
#include <optional>

namespace holdfast::protocol {

/// Finds the ends of heads and bodies of one direction.
class HttpScanner {
public:
  static constexpr std::size_t head_limit = 64U << 10U;
  enum class Direction { request, response };
  explicit HttpScanner(Direction direction) : direction_(direction) {}

  struct Head {
    std::string method;            ///< request
    std::string target;            ///< request
    int status = 0;                ///< response
    bool expects_continue = false; ///< request: its body comes when the server has said so
    bool event_stream = false;     ///< response: events of a stream that has no end in sight
  };

  /// Consumes bytes up to the end of the message; returns how many. For a response `head_request` says that it answers
  /// HEAD.
  std::size_t feed(std::string_view bytes, bool head_request);
  void reset();
  [[nodiscard]] bool head_complete() const { return state_ != State::head; }
  [[nodiscard]] bool complete() const { return state_ == State::complete; }
  [[nodiscard]] bool until_close() const { return state_ == State::until_close; }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const Head& head() const { return head_; }

private:
  enum class State { head, sized, chunk_size, chunk, trailer, until_close, complete };
  void read_head(bool head_request);
  bool parse_start(std::string_view line);

  Direction direction_;
  State state_ = State::head;
  std::string error_;
  std::string text_;
  std::uint64_t left_ = 0;
  Head head_;
};

class HttpConversation final : public Conversation {
public:
  void from_client(std::string_view bytes, Units& units) override;
  void from_server(std::string_view bytes, Units& units) override;
  void server_closed(Units& units) override;
  Injection inject(const Unit& request, const ServerError& error) override;
  [[nodiscard]] bool is_amid_message() const override { return response_begun_; }

private:
  struct Pending {
    std::uint64_t exchange;
    bool head;
    bool connect;
  };
  void answered_by_injection() override;
  /// The request that the next response answers: the first that waits, or the one that is being read.
  [[nodiscard]] std::optional<Pending> answered_next() const;
  void answer(Unit& unit);

  HttpScanner requests_{HttpScanner::Direction::request};
  HttpScanner responses_{HttpScanner::Direction::response};
  std::string client_bytes_;
  std::string server_bytes_;
  bool delivered_ = false;      ///< a part of the request that is being read was let go
  bool response_begun_ = false; ///< a part of the response that is being read was let go
  bool answered_early_ = false; ///< the request that is being read has its reply already
  std::uint64_t requested_ = 0;
  std::deque<Pending> pending_;
};

/// A path with its query removed and every segment that holds a digit replaced by "*".
[[nodiscard]] std::string path_template(std::string_view target);

} // namespace holdfast::protocol
