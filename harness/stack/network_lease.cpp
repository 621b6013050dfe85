#include "harness/stack/network_lease.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace holdfast::stack {

// A name in the abstract namespace of Unix sockets can be bound once; EADDRINUSE means that another run has that
// network. No file is left when a run is killed.
boost::system::result<NetworkLease, std::string> NetworkLease::acquire() {
  process::ScopedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid())
    return fmt::format("cannot lease a loopback network: {}", std::strerror(errno));
  constexpr int first = 16, count = 200; // 127.16.0 to 127.215.255: clear of what resolvers and distributions use
  // Runs begin their search at different places, or each would try the networks of all others first.
  const unsigned start = static_cast<unsigned>(::getpid());
  for (unsigned i = 0; i < count * 256U; ++i) {
    const unsigned slot = (start * 7U + i) % (count * 256U);
    const int x = first + static_cast<int>(slot / 256U), y = static_cast<int>(slot % 256U);
    const auto name = fmt::format("holdfast-network-127.{}.{}", x, y);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The first byte stays 0: that makes the name an abstract one, whose end is given by `size`.
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0)
      return NetworkLease(std::move(fd), x, y);
    if (errno != EADDRINUSE)
      return fmt::format("cannot lease a loopback network: {}", std::strerror(errno));
  }
  return std::string("every loopback network is leased to another run");
}

std::string NetworkLease::address(int host) const {
  return fmt::format("127.{}.{}.{}", x_, y_, host);
}

namespace {

// One range of ports for each kind of endpoint: an instance, the links to what it needs and the link of its users are
// all at the address of their host.
constexpr std::uint16_t service_ports = 20000, user_ports = 21000, server_ports = 22000, link_ports = 23000;
constexpr int server_host = 250; ///< hosts of the stack are 1 to 200

template <class T>
std::size_t index_of(const std::vector<T>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  return static_cast<std::size_t>(found - all.begin());
}

std::uint16_t port(std::uint16_t base, std::size_t index) {
  return static_cast<std::uint16_t>(base + index);
}

} // namespace

Place AddressPlan::instance(const std::string& service, int host) const {
  return {lease_.address(host), port(service_ports, index_of(stack_.services, service))};
}

Place AddressPlan::link(const std::string& service, int host, const std::string& need) const {
  // 50 ports for each service, one for each of its needs.
  const auto& needs = stack_.service(service)->needs;
  const auto index = static_cast<std::size_t>(std::find(needs.begin(), needs.end(), need) - needs.begin());
  return {lease_.address(host), port(link_ports, index_of(stack_.services, service) * 50 + index)};
}

Place AddressPlan::users(const std::string& service, int host) const {
  return {lease_.address(host), port(user_ports, index_of(stack_.services, service))};
}

Place AddressPlan::server(const std::string& dependency) const {
  return {lease_.address(server_host), port(server_ports, index_of(stack_.dependencies, dependency))};
}

} // namespace holdfast::stack
