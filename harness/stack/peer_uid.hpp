// Whose process is at the other end of a TCP connection on this machine: sock_diag(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace holdfast::stack {

/// The user of the socket at `address`:`port` that is connected to `to`:`to_port`. Nothing when the kernel does not
/// say: it is gone, or not of this machine. Addresses are IPv4.
[[nodiscard]] std::optional<uid_t> user_of_socket(const std::string& address, std::uint16_t port, const std::string& to,
                                                  std::uint16_t to_port);

} // namespace holdfast::stack
