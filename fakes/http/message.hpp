// One HTTP/1.1 request as the script sees it, and an answer as bytes. Framing is the protocol room's.
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::fakes {

struct HttpMessage {
  std::string method;
  std::string target;                         ///< as sent
  std::string path;                           ///< without the query
  std::map<std::string, std::string> headers; ///< names in lower case; of several with one name all, comma-separated
  std::string body;                           ///< without chunks
  boost::json::value json;                    ///< the body; null when it is no JSON
  bool keep_alive = true;
};

/// What a server must answer with 400.
struct BadRequest {
  std::string why;
};

/// `raw` is one whole request, as a scanner has framed it.
[[nodiscard]] std::variant<HttpMessage, BadRequest> read_message(std::string_view raw);

struct HttpReply {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body; ///< JSON; empty for none
};

/// Whether a reply carries its body, and whether the connection goes on after it.
enum class Body { sent, left_out };
enum class After { keep_alive, close };
[[nodiscard]] std::string to_bytes(const HttpReply& reply, Body body, After after);

/// `{"error": text}` under this status.
[[nodiscard]] HttpReply refusal(int status, std::string_view text);

} // namespace holdfast::fakes
