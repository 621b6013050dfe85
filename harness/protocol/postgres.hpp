// PostgreSQL's frontend/backend protocol, version 3: https://www.postgresql.org/docs/15/protocol.html
#pragma once

#include "harness/protocol/conversation.hpp"

#include <deque>
#include <map>
#include <optional>
#include <variant>

namespace holdfast::protocol {

/// Cuts one direction into messages. The first message of a client, and those that repeat it after an 'N', have no type
/// byte; `expect_startup` says so.
class PostgresScanner {
public:
  static constexpr std::size_t message_limit = 1U << 30U;

  struct Message {
    char type = 0;          ///< 0: a startup packet
    std::string_view bytes; ///< whole, with type and length; valid until the next call
    std::string_view body;
  };

  void append(std::string_view bytes);
  /// The next whole message, or nothing. Sets `error` when a length is impossible.
  std::optional<Message> next(bool expect_startup);
  /// What has arrived of an incomplete message.
  [[nodiscard]] std::size_t waiting() const { return buffer_.size() - begin_; }
  std::string take_rest();
  [[nodiscard]] const std::string& error() const { return error_; }

private:
  std::string buffer_;
  std::size_t begin_ = 0;
  std::string error_;
};

/// What one SQL statement means to triggers.
struct Statement {
  std::string keyword; ///< lower case; "commit" for END
  std::string table;   ///< the first one named; empty when there is none
  std::vector<std::string> literals;
};

/// Splits a simple query at its semicolons (quotes, dollar quotes and comments respected) and reads each statement.
[[nodiscard]] std::vector<Statement> read_statements(std::string_view sql);

class PostgresConversation final : public Conversation {
public:
  void from_client(std::string_view bytes, Units& units) override;
  void from_server(std::string_view bytes, Units& units) override;
  Injection inject(const Unit& request, const ServerError& error) override;

private:
  struct Exchange {
    std::uint64_t id;
    bool commit;                ///< an explicit COMMIT: answered ROLLBACK it is none
    bool ends_at_ready;         ///< an implicit commit of the extended protocol: done at ReadyForQuery, not before
    bool simple;                ///< ends its batch by itself
    bool last;                  ///< the last statement of a simple query
    std::uint64_t copies_ended; ///< by the client, before it
    /// A COMMIT that is to fail: a simple ROLLBACK was sent in its place, followed by something that fails. The client
    /// has asked for no ROLLBACK: its answer and its ReadyForQuery are not passed on.
    bool rolled_back_first = false;
  };
  struct Sync {
    std::uint64_t copies_ended; ///< by the client, before it
  };
  struct Portal {
    Statement statement;
    std::vector<std::string> values;
  };
  void client_message(const PostgresScanner::Message& message, Units& units);
  void server_message(const PostgresScanner::Message& message, Units& units);
  void simple_query(const PostgresScanner::Message& message, Units& units);
  void execute(const PostgresScanner::Message& message, Units& units);
  void bind(std::string_view body);
  Request describe_request(const Statement& statement, const std::vector<std::string>& values, bool& commits);
  void begin_copy();
  /// The exchange that the server's next answer belongs to; null when the server answers a Sync next, or nothing.
  [[nodiscard]] Exchange* answered_next();
  void finish(Units& units, std::string_view bytes, bool answered);

  PostgresScanner client_;
  PostgresScanner server_;
  bool started_ = false;
  bool asked_encryption_ = false;
  /// True if the next statement will be in a transaction: by the last ReadyForQuery, and by what has been sent since.
  bool in_block_ = false;
  bool swallow_ready_ = false;                    ///< the next ReadyForQuery belongs to what was injected
  bool simple_done_ = false;                      ///< the next ReadyForQuery ends a simple query that was answered
  bool skipping_ = false;                         ///< after an error the server skips what comes until Sync
  std::map<std::uint64_t, std::string> injected_; ///< errors to be given instead of the server's answer
  std::map<std::string, Statement> prepared_;
  std::map<std::string, Portal> portals_;
  std::vector<std::string> seen_in_transaction_; ///< tables and values
  std::uint64_t requested_ = 0;
  std::vector<Exchange> waiting_for_ready_; ///< implicit commits whose statements are answered
  std::deque<std::variant<Exchange, Sync>> pending_;
  std::uint64_t copies_ended_ = 0; ///< CopyDone and CopyFail that the client has sent
  /// While the server takes COPY data: how many copies the client had ended before this one. As long as that is still
  /// `copies_ended_`, the client has not ended this one, and the server ignores every Sync.
  std::optional<std::uint64_t> copying_since_;
};

} // namespace holdfast::protocol
