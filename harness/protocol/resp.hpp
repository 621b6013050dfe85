// RESP2 and RESP3: https://redis.io/docs/latest/develop/reference/protocol-spec/
#pragma once

#include "harness/protocol/conversation.hpp"

#include <deque>
#include <map>
#include <optional>

namespace holdfast::protocol {

/// Finds the end of one RESP value in a stream of bytes, however they are cut, in time linear in their number.
class RespScanner {
public:
  static constexpr std::size_t line_limit = 64U << 10U;
  static constexpr std::size_t depth_limit = 64;

  enum class Expect { command, reply };
  /// Of all arguments together so many bytes are kept; a server that needs them all gives its own limit.
  explicit RespScanner(Expect expect, std::size_t argument_limit = 1U << 20U)
      : expect_(expect), argument_limit_(argument_limit) {}

  /// Consumes bytes up to the end of the value; returns how many. `complete()` tells whether the end was reached.
  std::size_t feed(std::string_view bytes);
  void reset();

  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const std::string& error() const { return error_; }
  /// The value's first byte; 0 before it is known.
  [[nodiscard]] char type() const { return type_; }
  /// A command's arguments, as far as they fit.
  [[nodiscard]] const std::vector<std::string>& arguments() const { return arguments_; }

private:
  void line_complete();
  void element_complete();
  [[nodiscard]] bool enter(std::int64_t count);

  Expect expect_;
  std::size_t argument_limit_;
  bool complete_ = false;
  std::string error_;
  char type_ = 0;
  std::string line_;
  bool in_bulk_ = false;
  std::size_t bulk_left_ = 0;      ///< with the CR LF at its end
  std::vector<std::int64_t> left_; ///< elements still to come, for each open array
  std::vector<std::string> arguments_;
  std::size_t kept_ = 0;
};

class RespConversation final : public Conversation {
public:
  void from_client(std::string_view bytes, Units& units) override;
  void from_server(std::string_view bytes, Units& units) override;
  Injection inject(const Unit& request, const ServerError& error) override;
  [[nodiscard]] bool is_amid_message() const override { return reply_begun_; }

private:
  void answered_by_injection() override;

  RespScanner commands_{RespScanner::Expect::command};
  RespScanner replies_{RespScanner::Expect::reply};
  std::string client_bytes_;
  std::string server_bytes_;
  std::uint64_t requested_ = 0;
  std::uint64_t replied_ = 0;
  bool delivered_ = false;                        ///< a part of the command that is being read was let go
  bool reply_begun_ = false;                      ///< a part of the reply that is being read was let go
  bool in_transaction_ = false;                   ///< between MULTI and EXEC, as the client sends them
  std::deque<bool> exec_;                         ///< of each pending request: is it EXEC
  std::map<std::uint64_t, std::string> injected_; ///< replies to be given instead of the server's
};

} // namespace holdfast::protocol
