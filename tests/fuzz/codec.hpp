// Feeds one codec with whatever the fuzzer makes up: nothing may crash, and the bytes that come out of a direction are
// those that went in.
#pragma once

#include "harness/protocol/conversation.hpp"

#include <cstdlib>

namespace holdfast::fuzz {

/// The input is a dialogue: a byte with a direction (lowest bit) and a length (the others), then so many bytes.
inline void feed(std::string_view protocol, std::string_view input) {
  const auto conversation = protocol::make_conversation(protocol);
  std::string in[2], out[2];
  while (!input.empty()) {
    const auto head = static_cast<unsigned char>(input[0]);
    const auto bytes = input.substr(1, head >> 1U);
    input.remove_prefix(1 + bytes.size());
    const unsigned side = head & 1U;
    protocol::Units units;
    if (side == 0)
      conversation->from_client(bytes, units);
    else
      conversation->from_server(bytes, units);
    in[side] += bytes;
    for (const auto& unit : units)
      out[side] += unit.bytes;
    if (!in[side].starts_with(out[side]))
      std::abort(); // bytes were made up, lost or put in another order
  }
}

} // namespace holdfast::fuzz
