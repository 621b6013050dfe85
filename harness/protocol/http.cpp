// Finds where requests and responses end (RFC 9112), so that a link can hold each as a whole, and says which response
// answers which request: the first that has none. What cannot be framed ends that for the connection, and its bytes
// pass from then on.
#include "harness/protocol/http.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace holdfast::protocol {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

bool holds_token(std::string_view list, std::string_view token) {
  return lower(list).find(token) != std::string::npos;
}

} // namespace

void HttpScanner::reset() {
  *this = HttpScanner(direction_);
}

// The request line or the status line. False for anything but HTTP/1.x: an HTTP/2 preface, or a protocol that is not
// HTTP at all.
bool HttpScanner::parse_start(std::string_view line) {
  const auto first = line.find(' ');
  if (first == std::string_view::npos)
    return false;
  const auto second = line.find(' ', first + 1);
  if (direction_ == Direction::request) {
    if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1."))
      return false;
    head_.method = line.substr(0, first);
    head_.target = line.substr(first + 1, second - first - 1);
    return true;
  }
  if (!line.starts_with("HTTP/1."))
    return false;
  const auto digits = line.substr(first + 1, 3);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), head_.status);
  return parsed.ec == std::errc{} && head_.status >= 100 && head_.status <= 999;
}

// `text_` is a whole head, up to and with its empty line. Decides how the body that follows is framed.
void HttpScanner::read_head(bool head_request) {
  const auto text = std::exchange(text_, {});
  std::string_view rest(text);
  bool chunked = false;
  bool sized = false;
  bool start = true;
  while (!rest.empty()) {
    const auto newline = rest.find('\n');
    const auto line = trim(rest.substr(0, newline));
    rest.remove_prefix(newline + 1);
    if (start) {
      if (!parse_start(line))
        return void(error_ = "not an HTTP/1.1 message");
      start = false;
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      continue;
    const auto name = lower(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (name == "content-length") {
      const auto before = std::exchange(left_, 0);
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), left_);
      if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size())
        return void(error_ = "a Content-Length that is no number");
      // The server may go by the other length, and would then see a request where this end sees a body. Not framed,
      // rather than framed differently.
      if (sized && before != left_)
        return void(error_ = "two lengths for one message");
      sized = true;
    }
    if (name == "transfer-encoding")
      chunked = holds_token(value, "chunked");
    if (name == "expect")
      head_.expects_continue = holds_token(value, "100-continue");
    if (name == "content-type")
      head_.event_stream = holds_token(value, "text/event-stream");
  }
  // In the order of RFC 9112, 6.3. A response that answers HEAD has no body, whatever its header says of one. Without
  // any length a request has no body, and a response lasts until the server closes.
  const bool response = direction_ == Direction::response;
  const bool bodiless = response && (head_request || head_.status < 200 || head_.status == 204 || head_.status == 304);
  if (bodiless)
    state_ = State::complete;
  else if (chunked) // a Content-Length beside it counts for nothing (RFC 9112, 6.3)
    state_ = State::chunk_size;
  else if (sized)
    state_ = left_ == 0 ? State::complete : State::sized;
  else
    state_ = response ? State::until_close : State::complete;
}

std::size_t HttpScanner::feed(std::string_view bytes, bool head_request) {
  std::size_t used = 0;
  const auto take_line = [&]() -> bool { // appends up to and with the next newline to text_
    const auto newline = bytes.find('\n', used);
    const auto end = newline == std::string_view::npos ? bytes.size() : newline + 1;
    text_.append(bytes.substr(used, end - used));
    used = end;
    if (text_.size() > head_limit)
      error_ = "an HTTP head is longer than 64 KiB";
    return newline != std::string_view::npos && error_.empty();
  };
  while (used < bytes.size() && error_.empty() && state_ != State::complete) {
    switch (state_) {
    case State::head:
      if (!take_line())
        break;
      if (text_ == "\r\n" || text_ == "\n")
        text_.clear(); // empty lines before a message are allowed (RFC 9112, 2.2)
      else if (text_.ends_with("\n\r\n") || text_.ends_with("\n\n"))
        read_head(head_request);
      break;
    case State::sized:
    case State::chunk: {
      const auto take = std::min<std::uint64_t>(left_, bytes.size() - used);
      left_ -= take;
      used += static_cast<std::size_t>(take);
      if (left_ == 0)
        state_ = state_ == State::sized ? State::complete : State::chunk_size;
      break;
    }
    case State::chunk_size: {
      if (!take_line())
        break;
      const auto line = std::exchange(text_, {});
      const auto digits = trim(std::string_view(line).substr(0, line.find_first_of(";\n")));
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
      if (digits.empty() || parsed.ec != std::errc{} || left_ > (std::uint64_t{1} << 60))
        error_ = "a chunk without a size";
      else if (left_ == 0)
        state_ = State::trailer;
      else
        left_ += 2, state_ = State::chunk; // the data and the CR LF behind it
      break;
    }
    case State::trailer:
      if (!take_line())
        break;
      if (text_ == "\r\n" || text_ == "\n")
        state_ = State::complete;
      text_.clear();
      break;
    case State::until_close:
      used = bytes.size();
      break;
    case State::complete:
      break;
    }
  }
  return used;
}

// "/orders/17/items" gives "/orders/*/items": a trigger can name a kind of request without knowing its ids.
std::string path_template(std::string_view target) {
  target = target.substr(0, target.find('?'));
  std::string result;
  while (!target.empty()) {
    const auto slash = target.find('/', 1);
    const auto segment = target.substr(0, slash);
    const bool digit = std::any_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digit)
      result += "/*";
    else
      result += segment;
    if (slash == std::string_view::npos)
      break;
    target.remove_prefix(slash);
  }
  return result;
}

void HttpConversation::from_client(std::string_view bytes, Units& units) {
  while (!bytes.empty()) {
    if (!unframed().empty())
      return void(units.push_back({.bytes = std::exchange(client_bytes_, {}) + std::string(bytes)}));
    const auto used = requests_.feed(bytes, false);
    client_bytes_.append(bytes.substr(0, used));
    bytes.remove_prefix(used);
    if (!requests_.error().empty()) {
      give_up(requests_.error());
      units.push_back({.bytes = std::exchange(client_bytes_, {}) + std::string(bytes)});
      return;
    }
    if (!requests_.complete()) {
      // Two kinds of incomplete requests are not held back: one larger than the bound, and one whose client sends its
      // body only after "100 Continue". That comes from the server, which must have seen the head for it.
      const bool waits = requests_.head_complete() && requests_.head().expects_continue;
      if (client_bytes_.size() > bound || (waits && !delivered_)) {
        units.push_back({.bytes = std::exchange(client_bytes_, {})});
        delivered_ = true;
      }
      return;
    }
    const auto& head = requests_.head();
    Unit unit{.kind = Unit::Kind::request, .bytes = std::exchange(client_bytes_, {}), .exchange = ++requested_};
    unit.whole = !std::exchange(delivered_, false);
    unit.request.operations = {head.method, lower(head.method)};
    unit.request.keys = {head.target.substr(0, head.target.find('?')), path_template(head.target)};
    unit.request.answered_early = std::exchange(answered_early_, false);
    // A request that was answered before its end waits for no further response.
    if (!unit.request.answered_early)
      pending_.push_back({requested_, head.method == "HEAD", head.method == "CONNECT"});
    units.push_back(std::move(unit));
    requests_.reset();
  }
}

/// The request that a response which comes now answers. A server may refuse a request before it has read all of it
/// (401, 413, 400): then that is the one that is still being read, if it has no response yet. Nothing for what was not
/// asked for at all, such as a 408 on an idle connection.
std::optional<HttpConversation::Pending> HttpConversation::answered_next() const {
  if (!pending_.empty())
    return pending_.front();
  const bool reading = delivered_ || !client_bytes_.empty();
  if (!reading || answered_early_)
    return std::nullopt;
  const auto& method = requests_.head().method;
  return Pending{requested_ + 1, method == "HEAD", method == "CONNECT"};
}

void HttpConversation::answer(Unit& unit) {
  const auto request = answered_next();
  const int status = responses_.head().status;
  if (!request)
    return give_up("a response without a request");
  unit.kind = Unit::Kind::reply;
  unit.exchange = request->exchange;
  unit.answered = status < 400;
  answered_by_injection();
  // What follows is another protocol.
  if (status == 101 || (request->connect && status >= 200 && status < 300))
    give_up("the connection was upgraded to another protocol");
}

// Any answer, injected or the server's own, is the one to the request that waits first, or to the one that is still
// being read.
void HttpConversation::answered_by_injection() {
  if (pending_.empty())
    answered_early_ = true;
  else
    pending_.pop_front();
}

void HttpConversation::from_server(std::string_view bytes, Units& units) {
  while (!bytes.empty()) {
    if (!unframed().empty())
      return void(units.push_back({.bytes = std::exchange(server_bytes_, {}) + std::string(bytes)}));
    const auto request = answered_next();
    const auto used = responses_.feed(bytes, request && (request->head || request->connect));
    server_bytes_.append(bytes.substr(0, used));
    bytes.remove_prefix(used);
    if (!responses_.error().empty()) {
      give_up(responses_.error());
      units.push_back({.bytes = std::exchange(server_bytes_, {}) + std::string(bytes)});
      return;
    }
    if (!responses_.complete()) {
      // An event stream does not end: held until it is whole, its events would never reach the client.
      const bool streams = responses_.head_complete() && responses_.head().event_stream;
      if (server_bytes_.size() > bound || (streams && !server_bytes_.empty())) {
        units.push_back({.bytes = std::exchange(server_bytes_, {})});
        response_begun_ = true;
      }
      return;
    }
    const int status = responses_.head().status;
    // A "100 Continue" or "103 Early Hints" precedes the response and is none: it passes. After 101 no other response
    // comes.
    const bool interim = status >= 100 && status < 200 && status != 101;
    Unit unit{.bytes = std::exchange(server_bytes_, {})};
    if (!interim)
      answer(unit);
    response_begun_ = false;
    responses_.reset();
    units.push_back(std::move(unit));
  }
}

// The end of the connection completes a response without a length. What else is incomplete passes as it is, so that the
// client sees the same cut.
void HttpConversation::server_closed(Units& units) {
  Unit unit{.bytes = std::exchange(server_bytes_, {})};
  if (responses_.until_close() && answered_next())
    answer(unit);
  else if (unit.bytes.empty())
    return;
  units.push_back(std::move(unit));
}

Injection HttpConversation::inject(const Unit& request, const ServerError& error) {
  if (request.request.answered_early)
    return {.close = true}; // the server's own answer was first
  // A small JSON body: quotes and backslashes are escaped, control characters are left out.
  std::string body = "{\"error\":\"";
  for (const char c : error.text) {
    if (c == '"' || c == '\\')
      body += '\\';
    if (static_cast<unsigned char>(c) >= ' ')
      body += c;
  }
  body += "\"}";
  // After a part of the request the server still waits for the rest: that connection cannot go on.
  const bool close = error.severity == ServerError::Severity::fatal || !request.whole;
  const auto& method = request.request.operations[0];
  return {.to_client = "HTTP/1.1 " + (error.code.empty() ? "503" : error.code) +
                       " Injected\r\nContent-Type: application/json\r\n" + (close ? "Connection: close\r\n" : "") +
                       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + (method == "HEAD" ? "" : body),
          .close = close};
}

} // namespace holdfast::protocol
