#include "harness/stack/attempt_counter.hpp"

#include <arpa/inet.h>
#include <array>
#include <fstream>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sstream>
#include <sys/socket.h>
#include <vector>

namespace holdfast::stack {

namespace {

/// Tcp AttemptFails of /proc/net/snmp, which has two lines that begin with "Tcp:": the names, then their values. 0 when
/// it cannot be read.
std::uint64_t failed_attempts_of_the_machine() {
  std::ifstream stream("/proc/net/snmp");
  std::vector<std::string> names, values;
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("Tcp:"))
      continue;
    std::istringstream words(line);
    auto& row = names.empty() ? names : values;
    for (std::string word; words >> word;)
      row.push_back(word);
  }
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i)
    if (names[i] == "AttemptFails")
      return std::stoull(values[i]);
  return 0;
}

/// Has the kernel queue only the first segments of connections to this port: SYN without ACK. A SYN with ACK is the
/// answer to somebody's own attempt. A raw socket is handed packets from their IP header on, and sees those that the
/// kernel refuses because nobody listens.
bool attach_filter(int socket, std::uint16_t port) {
  constexpr std::uint32_t syn = 0x02, ack = 0x10;
  sock_filter code[] = {
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), // X = length of the IP header
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),  // destination port
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 4),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13), // flags
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn | ack),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 1), // keep one byte: only the number of segments counts
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

} // namespace

AttemptCounter::AttemptCounter(const std::string& address, std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)) {
  // Opening the socket fails without CAP_NET_RAW. A socket that cannot be filtered or bound is given up as well: it
  // would count attempts on other places.
  sockaddr_in where{};
  where.sin_family = AF_INET;
  if (socket_.valid() &&
      (!attach_filter(socket_.get(), port) || inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1 ||
       ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0))
    socket_.reset();
  restart();
}

void AttemptCounter::restart() {
  before_ = total();
}

std::uint64_t AttemptCounter::count() {
  return total() - before_;
}

// Empties the socket's queue, and adds what the queue had no room for.
std::uint64_t AttemptCounter::total() {
  if (!socket_.valid())
    return failed_attempts_of_the_machine();
  std::array<char, 64> packet{};
  while (::recv(socket_.get(), packet.data(), packet.size(), 0) >= 0)
    ++seen_;
  // Segments that found the queue full are missing in it, and the kernel counts them: attempts come by the thousand
  // while a dependency is down.
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  const bool known = ::getsockopt(socket_.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0;
  return seen_ + (known ? memory[SK_MEMINFO_DROPS] : 0);
}

} // namespace holdfast::stack
