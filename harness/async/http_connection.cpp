#include "harness/async/http_connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <fmt/format.h>
#include <optional>
#include <sys/socket.h>

namespace holdfast::async {

namespace http = boost::beast::http;
using asio::use_awaitable;
using asio::ip::tcp;

struct HttpConnection::State {
  State(asio::any_io_executor executor, const std::string& host, std::uint16_t number)
      : socket(std::move(executor)), address(host), endpoint(asio::ip::make_address(host), number) {}
  tcp::socket socket;
  std::string address;
  tcp::endpoint endpoint;
  boost::beast::flat_buffer buffer;
};

HttpConnection::HttpConnection(asio::any_io_executor executor, std::string address, std::uint16_t port)
    : state_(std::make_unique<State>(std::move(executor), address, port)) {}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;

bool HttpConnection::is_open() const {
  return state_->socket.is_open();
}

bool HttpConnection::is_usable() const {
  if (!is_open())
    return false;
  // Nothing can be waiting on an idle connection but its end.
  char byte = 0;
  const auto size = ::recv(const_cast<tcp::socket&>(state_->socket).native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void HttpConnection::close() {
  boost::system::error_code error; // the descriptor is released whatever close(2) says
  state_->socket.close(error);
  state_->buffer.clear();
}

asio::awaitable<HttpOutcome> HttpConnection::exchange(const HttpRequest& request) {
  boost::system::error_code error;
  if (!state_->socket.is_open()) {
    co_await state_->socket.async_connect(state_->endpoint, asio::redirect_error(use_awaitable, error));
    if (error) {
      close();
      const bool refused = error == asio::error::connection_refused;
      co_return HttpFailure{refused ? HttpFailure::When::refused : HttpFailure::When::connecting,
                            fmt::format("connect: {}", error.message())};
    }
    state_->socket.set_option(tcp::no_delay(true), error);
    state_->socket.non_blocking(true, error);
  }
  http::request<http::string_body> message(http::string_to_verb(request.method), request.target, 11);
  message.set(http::field::host, fmt::format("{}:{}", state_->address, state_->endpoint.port()));
  for (const auto& [name, value] : request.headers)
    message.set(name, value);
  if (!request.body.empty()) {
    message.set(http::field::content_type, "application/json");
    message.body() = request.body;
  }
  if (!request.body.empty() || request.method != "GET")
    message.prepare_payload();
  // What fits into the socket's buffer, as almost everything does, leaves without a detour through the loop.
  http::request_serializer<http::string_body> rest(message);
  http::write(state_->socket, rest, error);
  if (error == asio::error::would_block)
    co_await http::async_write(state_->socket, rest, asio::redirect_error(use_awaitable, error));
  if (error) {
    close();
    co_return HttpFailure{HttpFailure::When::exchanging, fmt::format("send: {}", error.message())};
  }
  std::optional<http::response_parser<http::string_body>> parser;
  do { // an interim answer (1xx) is not the answer
    parser.emplace();
    parser->body_limit(body_limit);
    parser->skip(request.method == "HEAD");
    co_await http::async_read(state_->socket, state_->buffer, *parser, asio::redirect_error(use_awaitable, error));
  } while (!error && parser->get().result_int() >= 100 && parser->get().result_int() < 200 &&
           parser->get().result_int() != 101);
  if (error) {
    const bool started = parser->got_some();
    close();
    co_return HttpFailure{HttpFailure::When::exchanging, started ? fmt::format("the reply was cut: {}", error.message())
                                                                 : fmt::format("no reply: {}", error.message())};
  }
  HttpReply reply;
  auto& response = parser->get();
  reply.status = static_cast<int>(response.result_int());
  reply.keep_alive = response.keep_alive();
  for (const auto& field : response.base()) {
    std::string name(field.name_string());
    for (auto& c : name)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    reply.headers.emplace_back(std::move(name), field.value());
  }
  reply.body = std::move(response.body());
  // Bytes behind the reply belong to no request: the next one must not read them as its own.
  if (!reply.keep_alive || state_->buffer.size() != 0)
    close();
  co_return reply;
}

} // namespace holdfast::async
