// How a PostgreSQL request is answered with an error in the server's place, so that client and server agree afterwards
// about the transaction: except where the connection ends, the server is made to fail itself, and the client is given
// the injected text for the server's.
#include "harness/protocol/postgres.hpp"

#include <algorithm>

namespace holdfast::protocol {

namespace {

std::string message_of(char type, std::string_view body) {
  std::string message(1, type);
  const auto length = static_cast<std::uint32_t>(body.size() + 4);
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    message += static_cast<char>(length >> shift);
  return message.append(body);
}

std::string query_message(std::string_view sql) {
  return message_of('Q', std::string(sql) + '\0');
}

/// Execute of a portal that does not exist: the server rejects it, and skips everything up to the Sync.
std::string execute_of_nothing() {
  return message_of('E', std::string_view("holdfast injected an error here\0\0\0\0\0", 36));
}

std::string error_response(std::string_view severity, std::string_view code, std::string_view text) {
  std::string body;
  const auto field = [&](char type, std::string_view value) { (body += type).append(value) += '\0'; };
  field('S', severity);
  field('V', severity);
  field('C', code);
  field('M', text);
  body += '\0';
  return message_of('E', body);
}

/// Codes with which PostgreSQL ends a connection: admin shutdown, crash shutdown, cannot connect now, too many
/// connections, and the class of connection exceptions.
bool ends_connection(std::string_view code) {
  return code.empty() || code.starts_with("57P") || code.starts_with("08") || code == "53300";
}

} // namespace

Injection PostgresConversation::inject(const Unit& request, const ServerError& error) {
  using Severity = ServerError::Severity;
  const bool fatal =
      error.severity == Severity::fatal || (error.severity == Severity::by_code && ends_connection(error.code));
  if (fatal) // the server rolls back whatever was open when its connection ends
    return {.to_client = error_response("FATAL", error.code.empty() ? "57P01" : error.code, error.text), .close = true};
  // The server is given something that it rejects in the same state, so that it too takes the transaction as failed. A
  // COMMIT is the exception: one that fails has ended its transaction, so the server gets a ROLLBACK.
  const auto is_it = [&](const auto& one) {
    const auto* exchange = std::get_if<Exchange>(&one);
    return exchange != nullptr && exchange->id == request.exchange;
  };
  auto first = std::find_if(pending_.begin(), pending_.end(), is_it);
  if (first == pending_.end()) // a ReadyForQuery has ended it too: replies can no longer be matched to requests
    return {.to_client = error_response("FATAL", error.code, error.text), .close = true};
  injected_[request.exchange] = error_response("ERROR", error.code.empty() ? "XX000" : error.code, error.text);
  auto& exchange = std::get<Exchange>(*first);
  if (exchange.simple) {
    bool commit = exchange.commit;
    while (!std::get<Exchange>(*first).last) { // one failing statement stands for the whole query
      first = pending_.erase(first);
      commit = commit || std::get<Exchange>(*first).commit;
    }
    return {.to_server = query_message(commit ? "ROLLBACK" : "holdfast injected an error here")};
  }
  if (!exchange.commit)
    return {.to_server = execute_of_nothing()};
  // The ROLLBACK does not wait for the Sync, which may come only after the client has heard the error. What fails after
  // it makes the server skip up to that Sync, as after a COMMIT that failed.
  exchange.rolled_back_first = true;
  return {.to_server = query_message("ROLLBACK") + execute_of_nothing()};
}

} // namespace holdfast::protocol
