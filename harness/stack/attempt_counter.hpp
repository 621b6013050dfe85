// Counts attempts to connect to one address, those that the kernel refuses included: a raw socket that is handed every
// SYN which arrives there. Needs CAP_NET_RAW; without it the whole network namespace's count of failed attempts has to
// do, and says so.
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
  /// Counts from here; what came before, other packets that slipped in included, is forgotten.
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
