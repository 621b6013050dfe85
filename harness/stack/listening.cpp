#include "harness/stack/listening.hpp"

#include "harness/process/scoped_fd.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sstream>
#include <sys/socket.h>
#include <system_error>

namespace holdfast::stack {

namespace {

/// Asks the kernel for the listening sockets of one family, and adds those on `port`. Far quicker than /proc/net/tcp,
/// which lists every connection and those that have ended and linger.
void ask_kernel(int family, std::uint16_t port, std::vector<Listening>& found) {
  const process::ScopedFd fd(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd.valid())
    throw std::system_error(errno, std::system_category(), "sock_diag(7)");
  constexpr std::uint32_t listening = 1U << 10U; // TCP_LISTEN
  struct {
    nlmsghdr header{};
    inet_diag_req_v2 query{};
  } request;
  request.header = {
      .nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP};
  request.query.sdiag_family = static_cast<std::uint8_t>(family);
  request.query.sdiag_protocol = IPPROTO_TCP;
  request.query.idiag_states = listening;
  if (::send(fd.get(), &request, sizeof request, 0) < 0)
    throw std::system_error(errno, std::system_category(), "sock_diag(7)");
  alignas(nlmsghdr) char buffer[16U << 10U];
  for (;;) {
    auto left = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (left <= 0)
      throw std::system_error(errno, std::system_category(), "sock_diag(7)");
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
        return;
      const auto* socket = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
      if (ntohs(socket->id.idiag_sport) != port)
        continue;
      char text[INET6_ADDRSTRLEN] = {};
      ::inet_ntop(family, socket->id.idiag_src, text, sizeof text);
      const std::string address = text;
      // An IPv6 socket bound to an IPv4 address shows it as "::ffff:127.16.0.1"; places are IPv4.
      found.push_back({address.starts_with("::ffff:") ? address.substr(7) : address, port, socket->idiag_inode});
    }
  }
}

} // namespace

std::vector<Listening> listening_on(std::uint16_t port) {
  std::vector<Listening> found;
  for (const int family : {AF_INET, AF_INET6})
    ask_kernel(family, port, found);
  return found;
}

// Breadth first; `tree` grows while it is walked. The children of every thread are read, since the kernel lists a child
// under the thread that forked it. Bounded, because a service that forks without end would never be done with.
std::vector<int> process_tree(int root) {
  std::vector<int> tree = {root};
  for (std::size_t i = 0; i < tree.size() && tree.size() < 10'000; ++i) {
    std::error_code error;
    // A process may end while it is looked at: then the iterator fails, and its children are passed over.
    for (std::filesystem::directory_iterator task(fmt::format("/proc/{}/task", tree[i]), error), end;
         !error && task != end; task.increment(error)) {
      std::ifstream children(task->path() / "children");
      for (int child = 0; children >> child;)
        tree.push_back(child);
    }
  }
  return tree;
}

// A process whose descriptors may not be read counts as one that does not hold the socket.
bool tree_holds_socket(int root, std::uint64_t inode) {
  const auto wanted = fmt::format("socket:[{}]", inode);
  for (const int pid : process_tree(root)) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", pid), error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code gone; // a descriptor may be closed while we look
      if (std::filesystem::read_symlink(entry->path(), gone) == wanted)
        return true;
    }
  }
  return false;
}

std::uint64_t start_time(int pid) {
  std::ifstream stream(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(stream, line))
    return 0;
  std::istringstream fields(line.substr(line.rfind(')') + 2)); // the process's name may itself hold ')'
  std::string skipped;
  // starttime is field 22 of proc(5), and the stream begins at field 3.
  for (int i = 3; i < 22; ++i)
    fields >> skipped;
  std::uint64_t value = 0;
  fields >> value;
  return value;
}

} // namespace holdfast::stack
