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

  /// The first of a name; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
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

/// Bytes of large replies that several connections may hold together: a service that answers with endless bodies must
/// not take the harness's memory. A large reply reserves at once what it says that it needs, or 512 KiB where it does
/// not say; of the latter one at a time may grow beyond that. First come, first served.
struct ReplyBudget;
[[nodiscard]] std::shared_ptr<ReplyBudget> make_reply_budget(const asio::any_io_executor& executor, std::size_t bytes);

class HttpConnection {
public:
  // Beyond these a reply is not read, and the exchange fails, naming which.
  static constexpr std::uint64_t body_limit = 4U << 20U;
  static constexpr std::uint32_t head_limit = 64U << 10U;
  static constexpr std::size_t framing_limit = 1U << 20U; ///< sizes, extensions and trailers of chunks
  static constexpr int interim_limit = 32;                ///< replies 1xx before the reply

  HttpConnection(asio::any_io_executor executor, std::string address, std::uint16_t port,
                 std::shared_ptr<ReplyBudget> budget = {});
  ~HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;

  /// Connects when it is not connected; one exchange at a time. After a failure, or a reply without keep-alive, the
  /// connection is closed and may be used again, which connects anew. Cancellable at every read, however quickly the
  /// service sends; a cancelled exchange leaves the connection to be closed by its caller. Throws Shortage where the
  /// harness has no descriptor, port or memory for it.
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
