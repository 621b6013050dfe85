// The address of an external dependency: "db.example.com:5432", "127.0.0.1:6379", "[::1]:6379".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::scenario {

struct Address {
  std::string host; ///< a name or an IP address, without brackets
  std::uint16_t port = 0;

  /// By the text alone, no name is looked up: "localhost", 127.0.0.0/8, ::1.
  [[nodiscard]] bool is_loopback() const;
};

/// Nothing when it is not host:port with a port from 1 to 65535.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

} // namespace holdfast::scenario
