// Who listens on a port, as the kernel sees it (sock_diag(7), /proc/PID/fd).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::stack {

struct Listening {
  std::string address; ///< "0.0.0.0", "::", "127.16.0.1"
  std::uint16_t port = 0;
  std::uint64_t inode = 0;
  [[nodiscard]] bool is_wildcard() const { return address == "0.0.0.0" || address == "::"; }
};

/// Everything that listens on `port`, at whatever address. Throws std::system_error when the kernel does not answer.
[[nodiscard]] std::vector<Listening> listening_on(std::uint16_t port);

/// All processes of the tree below and with `root`.
[[nodiscard]] std::vector<int> process_tree(int root);

/// True when a process of the tree holds the socket.
[[nodiscard]] bool tree_holds_socket(int root, std::uint64_t inode);

/// The kernel's own number for when a process started: with its pid it names that process for ever. 0: no such process.
[[nodiscard]] std::uint64_t start_time(int pid);

} // namespace holdfast::stack
