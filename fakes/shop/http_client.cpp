#include "fakes/shop/http_client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

namespace shop {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

Answer post(const std::string& address, const std::string& path, const boost::json::object& body,
            const std::string& idempotency_key, const std::string& service_token) {
  const auto colon = address.rfind(':');
  boost::asio::io_context context;
  tcp::socket socket(context);
  socket.connect({boost::asio::ip::make_address(address.substr(0, colon)),
                  static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
  timeval limit{2, 0};
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  http::request<http::string_body> request{http::verb::post, path, 11};
  request.set(http::field::host, address);
  request.set(http::field::content_type, "application/json");
  request.set("Idempotency-Key", idempotency_key);
  request.set("X-Service-Token", service_token);
  request.keep_alive(false);
  request.body() = boost::json::serialize(body);
  request.prepare_payload();
  http::write(socket, request);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(socket, buffer, response);
  Answer answer{static_cast<int>(response.result_int()), nullptr};
  if (!response.body().empty())
    answer.body = boost::json::parse(response.body());
  return answer;
}

} // namespace shop
