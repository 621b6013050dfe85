#include "harness/stack/listening.hpp"

#include <arpa/inet.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace holdfast::stack {

namespace {

/// "0100007F" as the kernel prints it: 32-bit words in host order.
std::string parse_address(const std::string& hex) {
  unsigned char bytes[16] = {};
  for (std::size_t word = 0; word * 8 < hex.size() && word < 4; ++word) {
    const auto value = static_cast<std::uint32_t>(std::stoul(hex.substr(word * 8, 8), nullptr, 16));
    for (std::size_t i = 0; i < 4; ++i)
      bytes[word * 4 + i] = static_cast<unsigned char>(value >> (8 * i));
  }
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(hex.size() == 8 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  const std::string address = text;
  return address.starts_with("::ffff:") ? address.substr(7) : address;
}

} // namespace

std::vector<Listening> listening_on(std::uint16_t port) {
  std::vector<Listening> found;
  for (const auto* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line); // the heading
    const auto wanted = fmt::format(":{:04X} ", port);
    while (std::getline(stream, line)) {
      if (line.find(wanted) == std::string::npos)
        continue;
      std::istringstream fields(line);
      std::string number, local, remote, state, queues, timer, retransmits, uid, timeout;
      std::uint64_t inode = 0;
      fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
      const auto colon = local.find(':');
      if (state != "0A" || colon == std::string::npos || std::stoul(local.substr(colon + 1), nullptr, 16) != port)
        continue;
      found.push_back({parse_address(local.substr(0, colon)), port, inode});
    }
  }
  return found;
}

std::vector<int> process_tree(int root) {
  std::vector<int> tree = {root};
  for (std::size_t i = 0; i < tree.size() && tree.size() < 10'000; ++i) {
    std::error_code error;
    // Processes end while we look: an iterator that fails is at its end.
    for (std::filesystem::directory_iterator task(fmt::format("/proc/{}/task", tree[i]), error), end;
         !error && task != end; task.increment(error)) {
      std::ifstream children(task->path() / "children");
      for (int child = 0; children >> child;)
        tree.push_back(child);
    }
  }
  return tree;
}

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
  std::istringstream fields(line.substr(line.rfind(')') + 2)); // the name may hold anything, even ')'
  std::string skipped;
  for (int i = 3; i < 22; ++i)
    fields >> skipped;
  std::uint64_t value = 0;
  fields >> value;
  return value;
}

} // namespace holdfast::stack
