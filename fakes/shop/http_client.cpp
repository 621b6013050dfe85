#include "fakes/shop/http_client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace shop {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::use_awaitable;

namespace {

asio::awaitable<Answer> exchange(asio::ip::tcp::endpoint server, http::request<http::string_body> request,
                                 std::chrono::milliseconds within) {
  boost::beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(within); // for all of it; a blocking read of Asio's would know no limit
  co_await stream.async_connect(server, use_awaitable);
  co_await http::async_write(stream, request, use_awaitable);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  co_await http::async_read(stream, buffer, response, use_awaitable);
  Answer answer{static_cast<int>(response.result_int()), nullptr};
  if (!response.body().empty())
    answer.body = boost::json::parse(response.body());
  co_return answer;
}

} // namespace

Answer post(const std::string& address, const std::string& path, const boost::json::object& body,
            const Headers& headers, std::chrono::milliseconds within) {
  const auto colon = address.rfind(':');
  http::request<http::string_body> request{http::verb::post, path, 11};
  request.set(http::field::host, address);
  request.set(http::field::content_type, "application/json");
  for (const auto& [name, value] : headers)
    request.set(name, value);
  request.keep_alive(false);
  request.body() = boost::json::serialize(body);
  request.prepare_payload();
  asio::io_context context(1);
  Answer answer;
  std::exception_ptr failure;
  asio::co_spawn(context,
                 exchange({asio::ip::make_address(address.substr(0, colon)),
                           static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))},
                          std::move(request), within),
                 [&](const std::exception_ptr& error, Answer received) {
                   failure = error;
                   answer = std::move(received);
                 });
  context.run();
  if (failure)
    std::rethrow_exception(failure);
  return answer;
}

} // namespace shop
