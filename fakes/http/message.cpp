#include "fakes/http/message.hpp"

#include "harness/protocol/conversation.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <fmt/format.h>

namespace holdfast::fakes {

using protocol::lower;

namespace {

/// Removes a line from the front of `rest` and returns it without its end.
std::string_view take_line(std::string_view& rest) {
  const auto newline = rest.find('\n');
  auto line = rest.substr(0, newline);
  rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view{}
                                         : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The scanner has seen that every chunk is there.
std::string without_chunks(std::string_view rest) {
  std::string body;
  for (;;) {
    const auto line = trim(take_line(rest));
    std::size_t size = 0;
    std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (size == 0)
      return body;
    body += rest.substr(0, size);
    rest.remove_prefix(std::min(size, rest.size()));
    take_line(rest);
  }
}

} // namespace

std::variant<HttpMessage, BadRequest> read_message(std::string_view raw) {
  while (raw.starts_with('\r') || raw.starts_with('\n'))
    raw.remove_prefix(1); // allowed before a message
  HttpMessage message;
  const auto start = take_line(raw);
  const auto first = start.find(' '), second = start.rfind(' ');
  message.method = start.substr(0, first);
  message.target = trim(start.substr(first + 1, second - first - 1));
  message.path = message.target.substr(0, message.target.find('?'));
  const bool old = start.substr(second + 1) == "HTTP/1.0";
  if (!message.target.starts_with('/') || message.target.find(' ') != std::string::npos)
    return BadRequest{fmt::format("'{}' is no path", message.target)};
  for (auto line = take_line(raw); !line.empty(); line = take_line(raw)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.find_first_of(" \t") < colon)
      return BadRequest{fmt::format("'{}' is no header", line)};
    auto& value = message.headers[lower(line.substr(0, colon))];
    value += fmt::format("{}{}", value.empty() ? "" : ", ", trim(line.substr(colon + 1)));
  }
  if (!old && !message.headers.contains("host"))
    return BadRequest{"Host is missing"};
  const auto connection = lower(message.headers["connection"]);
  message.keep_alive =
      connection.find("close") == std::string::npos && (!old || connection.find("keep-alive") != std::string::npos);
  message.body = message.headers.contains("transfer-encoding") ? without_chunks(raw) : std::string(raw);
  boost::system::error_code no_json; // a body of another kind is one without fields
  message.json = boost::json::parse(message.body, no_json);
  return message;
}

std::string to_bytes(const HttpReply& reply, Body body, After after) {
  auto bytes = fmt::format("HTTP/1.1 {} \r\n", reply.status); // the phrase may be empty: RFC 9112, section 4
  for (const auto& [name, value] : reply.headers)
    bytes += fmt::format("{}: {}\r\n", name, value);
  if (!reply.body.empty())
    bytes += "Content-Type: application/json\r\n";
  if (reply.status != 204 && reply.status != 304)
    bytes += fmt::format("Content-Length: {}\r\n", reply.body.size());
  if (after == After::close)
    bytes += "Connection: close\r\n";
  bytes += "\r\n";
  if (body == Body::sent && reply.status != 204 && reply.status != 304)
    bytes += reply.body;
  return bytes;
}

HttpReply refusal(int status, std::string_view text) {
  return {status, {}, boost::json::serialize(boost::json::object{{"error", text}})};
}

} // namespace holdfast::fakes
