// Redis answers requests in their order and one reply each, pushes aside: request and reply are matched by counting.
// Commands that break this rule end the matching, and the connection's bytes pass from then on.
#include "harness/protocol/resp.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>
#include <utility>

namespace holdfast::protocol {

void RespScanner::reset() {
  *this = RespScanner(expect_, argument_limit_);
}

std::size_t RespScanner::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !complete_ && error_.empty()) {
    if (in_bulk_) {
      const auto take = std::min(bulk_left_, bytes.size() - used);
      // Only a command's arguments are kept, and without the CR LF behind them.
      if (expect_ == Expect::command && bulk_left_ > 2 && kept_ < argument_limit_) {
        const auto keep = std::min(take, bulk_left_ - 2);
        arguments_.back().append(bytes.substr(used, keep));
        kept_ += keep;
      }
      bulk_left_ -= take;
      used += take;
      if (bulk_left_ == 0) {
        in_bulk_ = false;
        element_complete();
      }
      continue;
    }
    const auto newline = bytes.find('\n', used);
    const auto end = newline == std::string_view::npos ? bytes.size() : newline + 1;
    line_.append(bytes.substr(used, end - used));
    used = end;
    if (type_ == 0 && !line_.empty())
      type_ = line_[0];
    if (line_.size() > line_limit)
      error_ = "a RESP line is longer than 64 KiB";
    else if (newline != std::string_view::npos)
      line_complete();
  }
  return used;
}

// Opens an array. False for an empty or null one, which is complete at once. True also when the nesting is too deep:
// `error_` then stops the scanner.
bool RespScanner::enter(std::int64_t count) {
  if (count <= 0)
    return false;
  if (left_.size() >= depth_limit) {
    error_ = "RESP arrays are nested too deeply";
    return true;
  }
  left_.push_back(count);
  return true;
}

void RespScanner::line_complete() {
  auto line = std::exchange(line_, {});
  line.pop_back();
  if (!line.empty() && line.back() == '\r')
    line.pop_back();
  if (expect_ == Expect::command && left_.empty() && (line.empty() || line[0] != '*')) {
    std::istringstream words(line); // an inline command, as it is typed into a terminal
    for (std::string word; words >> word;)
      arguments_.push_back(word);
    complete_ = true;
    return;
  }
  if (line.empty()) {
    error_ = "an empty line where a RESP value should be";
    return;
  }
  std::int64_t count = 0;
  const char type = line[0];
  const auto parsed = std::from_chars(line.data() + 1, line.data() + line.size(), count);
  const bool number = parsed.ec == std::errc{} && parsed.ptr == line.data() + line.size();
  switch (type) {
  case '$':
  case '=':
  case '!':
    if (!number || count > (std::int64_t{1} << 40))
      return void(error_ = "a RESP bulk string has no length");
    if (expect_ == Expect::command)
      arguments_.emplace_back();
    if (count < 0)
      return element_complete();
    in_bulk_ = true;
    bulk_left_ = static_cast<std::size_t>(count) + 2;
    return;
  case '*':
  case '~':
  case '>':
  case '%':
  case '|':
    if (!number || count > (std::int64_t{1} << 32))
      return void(error_ = "a RESP array has no length");
    if (type == '%')
      count *= 2;
    if (type == '|')
      count = count * 2 + 1; // attributes precede the value that they describe
    if (!enter(count))
      element_complete();
    return;
  case '+':
  case '-':
  case ':':
  case '_':
  case ',':
  case '#':
  case '(':
    if (expect_ == Expect::command)
      arguments_.push_back(line.substr(1));
    return element_complete();
  default:
    error_ = std::string("'") + type + "' begins no RESP value";
  }
}

// An element that was the last of its array completes that too, and so on outwards.
void RespScanner::element_complete() {
  while (!left_.empty()) {
    if (--left_.back() > 0)
      return;
    left_.pop_back();
  }
  complete_ = true;
}

void RespConversation::from_client(std::string_view bytes, Units& units) {
  while (!bytes.empty()) {
    if (!unframed().empty())
      return void(units.push_back({.bytes = std::exchange(client_bytes_, {}) + std::string(bytes)}));
    const auto used = commands_.feed(bytes);
    client_bytes_.append(bytes.substr(0, used));
    bytes.remove_prefix(used);
    if (!commands_.error().empty()) {
      give_up(commands_.error());
      units.push_back({.bytes = std::exchange(client_bytes_, {}) + std::string(bytes)});
      return;
    }
    if (!commands_.complete()) {
      // Too long to be held as a whole: what has come passes, and the rest will be the request.
      if (client_bytes_.size() > bound) {
        units.push_back({.bytes = std::exchange(client_bytes_, {})});
        delivered_ = true;
      }
      return;
    }
    const auto& words = commands_.arguments();
    Unit unit{.bytes = std::exchange(client_bytes_, {})};
    if (!words.empty()) { // Redis does not answer an empty command
      unit.kind = Unit::Kind::request;
      unit.exchange = ++requested_;
      unit.whole = !std::exchange(delivered_, false);
      unit.request.operations = {lower(words[0])};
      if (words.size() > 1)
        unit.request.keys = {words[1]};
      const auto& command = unit.request.operations[0];
      exec_.push_back(command == "exec");
      // By what came before it: the MULTI itself is in no transaction, its EXEC is.
      unit.request.in_transaction = in_transaction_;
      if (command == "multi" || command == "exec" || command == "discard")
        in_transaction_ = command == "multi";
      // Subscriptions answer once for each channel, the others send without end: replies can no longer be counted.
      static const std::set<std::string> streams = {"subscribe",   "psubscribe",   "ssubscribe",
                                                    "unsubscribe", "punsubscribe", "sunsubscribe",
                                                    "monitor",     "sync",         "psync"};
      if (streams.contains(command))
        give_up("after " + command + " replies no longer belong to requests");
      if (command == "client" && words.size() > 2 && lower(words[1]) == "reply")
        give_up("CLIENT REPLY takes replies away from requests");
    }
    units.push_back(std::move(unit));
    commands_.reset();
  }
}

void RespConversation::from_server(std::string_view bytes, Units& units) {
  while (!bytes.empty()) {
    if (!unframed().empty())
      return void(units.push_back({.bytes = std::exchange(server_bytes_, {}) + std::string(bytes)}));
    const auto used = replies_.feed(bytes);
    server_bytes_.append(bytes.substr(0, used));
    bytes.remove_prefix(used);
    if (!replies_.error().empty()) {
      give_up(replies_.error());
      units.push_back({.bytes = std::exchange(server_bytes_, {}) + std::string(bytes)});
      return;
    }
    if (!replies_.complete()) {
      if (server_bytes_.size() > bound) {
        units.push_back({.bytes = std::exchange(server_bytes_, {})});
        reply_begun_ = true;
      }
      return;
    }
    Unit unit{.bytes = std::exchange(server_bytes_, {})};
    reply_begun_ = false;
    if (replies_.type() != '>') { // a push answers no request
      unit.kind = Unit::Kind::reply;
      unit.exchange = ++replied_;
      const bool exec = !exec_.empty() && exec_.front();
      if (!exec_.empty())
        exec_.pop_front();
      // An EXEC answered with null did nothing: a watched key had changed.
      const bool nothing = unit.bytes.starts_with("*-1") || replies_.type() == '_';
      unit.answered = replies_.type() != '-' && replies_.type() != '!' && !(exec && nothing);
      // The server has rejected what `inject` put in the request's place; the client gets the injected error for it.
      if (const auto injected = injected_.extract(replied_); !injected.empty()) {
        unit.bytes = injected.mapped();
        unit.answered = false;
      }
      if (replied_ > requested_)
        give_up("a reply without a request");
    }
    units.push_back(std::move(unit));
    replies_.reset();
  }
}

void RespConversation::answered_by_injection() {
  ++replied_;
  if (!exec_.empty())
    exec_.pop_front();
}

Injection RespConversation::inject(const Unit& request, const ServerError& error) {
  auto reply = "-" + (error.code.empty() ? std::string("ERR") : error.code) + " " + error.text + "\r\n";
  const auto& command = request.request.operations[0];
  // After a part of the command the server still waits for the rest: that connection cannot go on.
  if (error.severity == ServerError::Severity::fatal || !request.whole)
    return {.to_client = std::move(reply), .close = true};
  if (!request.request.in_transaction) {
    // The server never sees this MULTI, so no transaction is open.
    if (command == "multi")
      in_transaction_ = false;
    return {.to_client = std::move(reply)};
  }
  // A command that fails while it is queued makes EXEC fail, and an EXEC that fails ends the transaction. The server is
  // brought to the same state by a command that does not exist, and by DISCARD.
  injected_[request.exchange] = std::move(reply);
  return {.to_server = command == "exec" || command == "discard" ? "*1\r\n$7\r\nDISCARD\r\n"
                                                                 : "*1\r\n$17\r\nHOLDFAST.INJECTED\r\n"};
}

} // namespace holdfast::protocol
