#include "harness/protocol/conversation.hpp"

#include "harness/protocol/http.hpp"
#include "harness/protocol/postgres.hpp"
#include "harness/protocol/resp.hpp"

#include <algorithm>
#include <cctype>

namespace holdfast::protocol {

namespace {

class Opaque final : public Conversation {
public:
  explicit Opaque(std::string_view protocol) {
    give_up("there is no framing for protocol '" + std::string(protocol) + "'");
  }
  void from_client(std::string_view bytes, Units& units) override { units.push_back({.bytes = std::string(bytes)}); }
  void from_server(std::string_view bytes, Units& units) override { units.push_back({.bytes = std::string(bytes)}); }
  Injection inject(const Unit&, const ServerError&) override { return {.close = true}; } // no request is ever seen
};

} // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::unique_ptr<Conversation> make_conversation(std::string_view protocol) {
  if (protocol == "redis")
    return std::make_unique<RespConversation>();
  if (protocol == "postgres")
    return std::make_unique<PostgresConversation>();
  if (protocol == "http")
    return std::make_unique<HttpConversation>();
  return std::make_unique<Opaque>(protocol);
}

} // namespace holdfast::protocol
