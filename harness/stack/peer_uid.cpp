#include "harness/stack/peer_uid.hpp"

#include "harness/process/scoped_fd.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

namespace holdfast::stack {

std::optional<uid_t> user_of_socket(const std::string& address, std::uint16_t port, const std::string& to,
                                    std::uint16_t to_port) {
  const process::ScopedFd fd(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr header{};
    inet_diag_req_v2 query{};
  } request;
  // Not a dump (NLM_F_DUMP): both ends are given, so the kernel looks up this one socket. Its source is the other end
  // of the connection that we have, seen from there.
  request.header = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST};
  request.query.sdiag_family = AF_INET;
  request.query.sdiag_protocol = IPPROTO_TCP;
  request.query.idiag_states = ~0U;
  request.query.id.idiag_sport = htons(port);
  request.query.id.idiag_dport = htons(to_port);
  request.query.id.idiag_cookie[0] = request.query.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (!fd.valid() || ::inet_pton(AF_INET, address.c_str(), request.query.id.idiag_src) != 1 ||
      ::inet_pton(AF_INET, to.c_str(), request.query.id.idiag_dst) != 1 ||
      ::send(fd.get(), &request, sizeof request, 0) < 0)
    return std::nullopt;
  alignas(nlmsghdr) char buffer[4096];
  const auto size = ::recv(fd.get(), buffer, sizeof buffer, 0);
  if (size < static_cast<ssize_t>(sizeof(nlmsghdr)))
    return std::nullopt;
  auto* header = reinterpret_cast<nlmsghdr*>(buffer);
  if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) // an error: there is no such socket
    return std::nullopt;
  return static_cast<const inet_diag_msg*>(NLMSG_DATA(header))->idiag_uid;
}

} // namespace holdfast::stack
