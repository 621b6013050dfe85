// A small blocking HTTP/1.1 server: one thread a connection, keep-alive, a graceful end on SIGTERM.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <string>

namespace shop {

struct Request {
  std::string method;
  std::string path;
  std::string token;           ///< of "Authorization: Bearer …"
  std::string idempotency_key; ///< of "Idempotency-Key: …"
  std::string service_token;   ///< of "X-Service-Token: …"
  boost::json::object body;
};

struct Response {
  int status = 200;
  boost::json::value body = nullptr;
};

/// Ends a request with this status.
struct HttpError {
  int status;
  std::string message;
};

using Handler = std::function<Response(const Request&)>;
using Routes = std::map<std::pair<std::string, std::string>, Handler>; ///< method and path

/// Serves until SIGTERM or SIGINT: requests that have begun are answered, then the process may end.
/// `address` is "host:port". Throws std::runtime_error when it cannot listen.
void serve(const std::string& address, const Routes& routes);

} // namespace shop
