// One HTTP/1.1 connection as a client: plain structs in, plain structs out. Beast stays in the source file.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast::async {

namespace asio = boost::asio;

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  HttpHeaders headers;
  std::string body; ///< sent with Content-Length when not empty or when the method is not GET
};

struct HttpReply {
  int status = 0;
  HttpHeaders headers; ///< names in lower case
  std::string body;
  bool keep_alive = false;
};

/// Why there is no complete reply.
struct HttpFailure {
  enum class When {
    refused,    ///< a new connection was refused: nothing was sent
    connecting, ///< a new connection failed in another way: nothing was sent
    exchanging  ///< after bytes may have been sent: the effect is unknown
  };
  When when = When::exchanging;
  std::string reason;
};

using HttpOutcome = std::variant<HttpReply, HttpFailure>;

class HttpConnection {
public:
  /// Bodies above this are not read; the exchange then fails.
  static constexpr std::uint64_t body_limit = 16U << 20U;

  HttpConnection(asio::any_io_executor executor, std::string address, std::uint16_t port);
  ~HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;

  /// Connects when it is not connected; one exchange at a time. After a failure, or a reply without keep-alive, the
  /// connection is closed and may be used again, which connects anew. Cancellable; a cancelled exchange closes it.
  [[nodiscard]] asio::awaitable<HttpOutcome> exchange(const HttpRequest& request);
  /// Connected as far as the exchanges so far have shown; costs nothing.
  [[nodiscard]] bool is_open() const;
  /// Connected, and the server has not closed it meanwhile: asks the kernel.
  [[nodiscard]] bool is_usable() const;
  void close();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace holdfast::async
