// The smallest service that a purchase can be made at: POST /items appends an id to a file before it answers, GET
// /items lists the file. Blocking, one connection at a time, no dependencies: what a run with it costs is what Holdfast
// costs.
//
//   tiny-service ADDRESS PORT FILE
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

std::string read_file(const char* path) {
  std::string text;
  const int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
  char buffer[4096];
  for (ssize_t size = 0; (size = read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(size));
  close(fd);
  return text;
}

std::string reply(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string answer(const std::string& head, const char* path) {
  if (head.starts_with("GET /ready"))
    return reply(200, "{}");
  if (head.starts_with("GET /items")) {
    std::string list;
    const auto text = read_file(path);
    for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      list += (list.empty() ? "{\"id\":\"" : ",{\"id\":\"") + text.substr(begin, end - begin) + "\"}";
    return reply(200, "{\"items\":[" + list + "]}");
  }
  if (!head.starts_with("POST /items/"))
    return reply(404, "{}");
  const auto id = head.substr(12, head.find(' ', 12) - 12) + "\n";
  if (("\n" + read_file(path)).find("\n" + id) == std::string::npos) { // an id is kept once, however often it is sent
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    const bool written = write(fd, id.data(), id.size()) == static_cast<ssize_t>(id.size());
    close(fd);
    if (!written)
      return reply(503, "{}");
  }
  return reply(201, "{}");
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4)
    return 2;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  inet_pton(AF_INET, argv[1], &address.sin_addr);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 64) != 0) {
    std::perror("tiny-service");
    return 1;
  }
  std::vector<pollfd> watched = {{listener, POLLIN, 0}};
  while (poll(watched.data(), watched.size(), -1) > 0) {
    if ((watched[0].revents & POLLIN) != 0)
      watched.push_back({accept(listener, nullptr, nullptr), POLLIN, 0});
    for (std::size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents == 0)
        continue;
      char buffer[4096];
      const auto size = read(watched[i].fd, buffer, sizeof buffer); // requests of the harness fit in one segment
      const auto text = size > 0 ? answer(std::string(buffer, static_cast<std::size_t>(size)), argv[3]) : std::string{};
      if (size > 0 && write(watched[i].fd, text.data(), text.size()) > 0)
        continue;
      close(watched[i].fd);
      watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i--));
    }
  }
}
