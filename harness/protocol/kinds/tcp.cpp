// Bytes of which nothing is known: they pass, can be cut and held up, and no request is ever seen in them.
#include "harness/protocol/kind.hpp"

namespace holdfast::protocol {

namespace {

class Opaque final : public Conversation {
public:
  Opaque() { give_up("there is no framing for protocol 'tcp'"); }
  void from_client(std::string_view bytes, Units& units) override { units.push_back({.bytes = std::string(bytes)}); }
  void from_server(std::string_view bytes, Units& units) override { units.push_back({.bytes = std::string(bytes)}); }
  Injection inject(const Unit&, const ServerError&) override { return {.close = true}; }
};

} // namespace

Kind tcp_kind() {
  return {.schema = {.name = "tcp", .about = "bytes, of which nothing is known"},
          .make = []() -> std::unique_ptr<Conversation> { return std::make_unique<Opaque>(); }};
}

} // namespace holdfast::protocol
