// Counts attempts to connect to one address, those that the kernel refuses included: a raw socket is handed every SYN
// that arrives there. Needs CAP_NET_RAW. Without it the count of failed attempts in the whole network namespace is used
// instead, and `scope` says so.
#pragma once

#include "harness/process/scoped_fd.hpp"

#include <cstdint>
#include <string>

namespace holdfast::stack {

class AttemptCounter {
public:
  enum class Scope {
    endpoint, ///< attempts on this address and port, no others
    machine   ///< failed attempts of everybody in this network namespace
  };
  AttemptCounter(const std::string& address, std::uint16_t port);

  [[nodiscard]] Scope scope() const { return socket_.valid() ? Scope::endpoint : Scope::machine; }
  /// Counts from here. Forgets what came before, such as packets that arrived before the socket's filter was in place.
  void restart();
  /// Since the last `restart`.
  [[nodiscard]] std::uint64_t count();

private:
  process::ScopedFd socket_;
  [[nodiscard]] std::uint64_t total();
  std::uint64_t seen_ = 0;
  std::uint64_t before_ = 0;
};

} // namespace holdfast::stack
