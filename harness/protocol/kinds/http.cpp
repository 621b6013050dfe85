#include "harness/protocol/http.hpp"

#include "harness/protocol/kind.hpp"

namespace holdfast::protocol {

Kind http_kind() {
  return {.schema = {.name = "http",
                     .about = "HTTP/1.1; a fake of it answers as its routes say",
                     .has_routes = true,
                     .operations_are_methods = true},
          .make = []() -> std::unique_ptr<Conversation> { return std::make_unique<HttpConversation>(); }};
}

} // namespace holdfast::protocol
