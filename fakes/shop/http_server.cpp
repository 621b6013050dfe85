#include "fakes/shop/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <csignal>
#include <iostream>
#include <list>
#include <mutex>
#include <thread>

namespace shop {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

namespace {

/// Connections that are open, so that a stop can tell their readers that no further request will be taken.
class Connections {
public:
  using Place = std::list<tcp::socket*>::iterator;
  Place add(tcp::socket& socket) {
    const std::lock_guard lock(mutex_);
    return open_.insert(open_.end(), &socket);
  }
  void remove(Place place) {
    const std::lock_guard lock(mutex_);
    open_.erase(place);
    none_.notify_all();
  }
  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }
  void stop_and_wait() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (auto* socket : open_) {
      boost::system::error_code error;
      socket->shutdown(tcp::socket::shutdown_receive, error); // what has arrived can still be read
    }
    none_.wait(lock, [this] { return open_.empty(); });
  }

private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::list<tcp::socket*> open_;
  bool stopping_ = false;
};

Request read_request(const http::request<http::string_body>& message) {
  Request request{std::string(message.method_string()),    std::string(message.target()),           {},
                  std::string(message["Idempotency-Key"]), std::string(message["X-Service-Token"]), {}};
  const std::string_view authorization = message["Authorization"];
  if (authorization.starts_with("Bearer "))
    request.token = authorization.substr(7);
  if (!message.body().empty()) {
    boost::system::error_code error;
    auto body = boost::json::parse(message.body(), error);
    if (error || !body.is_object())
      throw HttpError{400, "the body is no JSON object"};
    request.body = std::move(body.get_object());
  }
  return request;
}

Response answer(const Routes& routes, const http::request<http::string_body>& message) {
  try {
    const auto request = read_request(message);
    const auto route = routes.find({request.method, request.path});
    if (route == routes.end())
      throw HttpError{404, "no such resource"};
    return route->second(request);
  } catch (const HttpError& error) {
    return {error.status, {{"error", error.message}}};
  } catch (const std::exception& error) { // a dependency failed: unknown to the client, who may try again
    std::cerr << message.method_string() << " " << message.target() << ": " << error.what() << std::endl;
    return {503, {{"error", error.what()}}};
  }
}

void talk(tcp::socket socket, const Routes& routes, Connections& connections) {
  const auto place = connections.add(socket);
  boost::beast::flat_buffer buffer;
  boost::system::error_code error;
  socket.set_option(tcp::no_delay(true), error);
  for (;;) {
    http::request<http::string_body> message;
    http::read(socket, buffer, message, error);
    if (error)
      break;
    const auto response = answer(routes, message);
    http::response<http::string_body> reply{http::int_to_status(static_cast<unsigned>(response.status)), 11};
    reply.keep_alive(message.keep_alive() && !connections.stopping());
    if (!response.body.is_null()) {
      reply.set(http::field::content_type, "application/json");
      reply.body() = boost::json::serialize(response.body);
    }
    reply.prepare_payload();
    http::write(socket, reply, error);
    if (error || !reply.keep_alive())
      break;
  }
  connections.remove(place);
}

} // namespace

void serve(const std::string& address, const Routes& routes) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr); // inherited by every thread: one place waits for them
  std::signal(SIGPIPE, SIG_IGN);

  const auto colon = address.rfind(':');
  boost::asio::io_context context;
  tcp::acceptor acceptor(context);
  const tcp::endpoint endpoint(boost::asio::ip::make_address(address.substr(0, colon)),
                               static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen();
  std::cout << "listening on " << address << std::endl;

  Connections connections;
  std::thread([&] {
    for (;;) {
      boost::system::error_code error;
      tcp::socket socket(context);
      acceptor.accept(socket, error);
      if (error)
        return;
      std::thread(talk, std::move(socket), std::cref(routes), std::ref(connections)).detach();
    }
  }).detach();
  int signal = 0;
  sigwait(&signals, &signal);
  std::cout << "stopping" << std::endl;
  ::shutdown(acceptor.native_handle(), SHUT_RDWR);
  connections.stop_and_wait();
  std::cout << "stopped" << std::endl;
  std::quick_exit(0); // every request has been answered; threads that wait for the network need not be waited for
}

} // namespace shop
