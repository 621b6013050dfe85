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

using Request = http::request<http::string_body>;

/// Over a connection that is made when there is none.
asio::awaitable<Answer> exchange(boost::beast::tcp_stream& stream, asio::ip::tcp::endpoint server, Request request,
                                 std::chrono::milliseconds within) {
  stream.expires_after(within); // for all of it; a blocking read of Asio's would know no limit
  if (!stream.socket().is_open()) {
    co_await stream.async_connect(server, use_awaitable);
    stream.socket().set_option(asio::ip::tcp::no_delay(true));
  }
  co_await http::async_write(stream, request, use_awaitable);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  co_await http::async_read(stream, buffer, response, use_awaitable);
  if (!response.keep_alive())
    stream.close();
  Answer answer{static_cast<int>(response.result_int()), nullptr};
  if (!response.body().empty())
    answer.body = boost::json::parse(response.body());
  co_return answer;
}

asio::ip::tcp::endpoint endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  return {asio::ip::make_address(address.substr(0, colon)),
          static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
}

Answer run(asio::io_context& context, boost::beast::tcp_stream& stream, const std::string& address, Request request,
           std::chrono::milliseconds within) {
  Answer answer;
  std::exception_ptr failure;
  context.restart();
  asio::co_spawn(context, exchange(stream, endpoint_of(address), std::move(request), within),
                 [&](const std::exception_ptr& error, Answer received) {
                   failure = error;
                   answer = std::move(received);
                 });
  context.run();
  if (failure)
    std::rethrow_exception(failure);
  return answer;
}

Request make_request(http::verb verb, const std::string& address, const std::string& path, const Headers& headers) {
  Request request{verb, path, 11};
  request.set(http::field::host, address);
  for (const auto& [name, value] : headers)
    request.set(name, value);
  return request;
}

} // namespace

Answer post(const std::string& address, const std::string& path, const boost::json::object& body,
            const Headers& headers, std::chrono::milliseconds within) {
  auto request = make_request(http::verb::post, address, path, headers);
  request.set(http::field::content_type, "application/json");
  request.keep_alive(false);
  request.body() = boost::json::serialize(body);
  request.prepare_payload();
  asio::io_context context(1);
  boost::beast::tcp_stream stream(context);
  return run(context, stream, address, std::move(request), within);
}

struct Reader::Line {
  asio::io_context context{1};
  boost::beast::tcp_stream stream{context};
};

Reader::Reader(std::string address) : address_(std::move(address)) {}
Reader::~Reader() = default;

Answer Reader::get(const std::string& path, const Headers& headers, std::chrono::milliseconds within) {
  const auto request = make_request(http::verb::get, address_, path, headers);
  for (;;) {
    std::unique_ptr<Line> line;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        line = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    const bool kept = line != nullptr;
    if (!kept)
      line = std::make_unique<Line>();
    try {
      auto answer = run(line->context, line->stream, address_, request, within);
      const std::lock_guard lock(mutex_);
      if (line->stream.socket().is_open())
        idle_.push_back(std::move(line));
      return answer;
    } catch (const boost::system::system_error& error) {
      // The other side may have ended a kept connection meanwhile, or be another process by now: read anew.
      if (!kept || error.code() == boost::beast::error::timeout)
        throw;
    }
  }
}

} // namespace shop
