// A loopback network 127.x.y.0/24 that belongs to one run, and what stands where on it. The lease is an abstract Unix
// socket: the kernel frees it with the last process of the run, however that ends.
#pragma once

#include "harness/process/scoped_fd.hpp"
#include "harness/scenario/stack.hpp"

#include <boost/system/result.hpp>

namespace holdfast::stack {

class NetworkLease {
public:
  /// The error is a sentence.
  [[nodiscard]] static boost::system::result<NetworkLease, std::string> acquire();
  /// "127.x.y." followed by the host number.
  [[nodiscard]] std::string address(int host) const;

private:
  NetworkLease(process::ScopedFd fd, int x, int y) : fd_(std::move(fd)), x_(x), y_(y) {}
  process::ScopedFd fd_;
  int x_, y_;
};

/// Where something listens.
struct Place {
  std::string address;
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const { return address + ":" + std::to_string(port); }
};

/// Ports are below 32768, where the kernel takes none for outgoing connections.
class AddressPlan {
public:
  AddressPlan(const scenario::Stack& stack, const NetworkLease& lease) : stack_(stack), lease_(lease) {}

  [[nodiscard]] Place instance(const std::string& service, int host) const;
  /// The endpoint at which `service` on `host` reaches what it needs.
  [[nodiscard]] Place link(const std::string& service, int host, const std::string& need) const;
  /// The endpoint at which users reach a service through its link.
  [[nodiscard]] Place users(const std::string& service, int host) const;
  [[nodiscard]] Place server(const std::string& dependency) const;

private:
  const scenario::Stack& stack_;
  const NetworkLease& lease_;
};

} // namespace holdfast::stack
