// A protocol as a value: what a stack may say of it, how its bytes are framed, and how its usual server is run. Each is
// defined in its own file under kinds/, as NAME_kind(), and listed in all.cpp.
#pragma once

#include "harness/protocol/conversation.hpp"
#include "harness/scenario/protocol_schema.hpp"

namespace holdfast::protocol {

struct Kind {
  scenario::ProtocolSchema schema;
  std::unique_ptr<Conversation> (*make)();
};

[[nodiscard]] const std::vector<Kind>& all_kinds();

/// The protocol that users and services speak to services: HTTP.
[[nodiscard]] const Kind& of_services();

} // namespace holdfast::protocol
