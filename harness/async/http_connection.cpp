// An exchange connects when needed, writes the request, and reads replies until one is final. Reading stops at every
// limit that the header names, and a reply that grows large first reserves memory from the ReplyBudget.
#include "harness/async/http_connection.hpp"

#include "harness/async/event.hpp"
#include "harness/async/shortage.hpp"
#include "harness/text/ascii.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <sys/socket.h>
#include <utility>

namespace holdfast::async {

namespace http = boost::beast::http;
using asio::use_awaitable;
using asio::ip::tcp;

/// A limited amount, given out strictly in the order in which it was asked for: who asks for much is not overtaken for
/// ever by those who ask for little.
class Quota {
public:
  Quota(const asio::any_io_executor& executor, std::size_t amount) : left_(amount), freed_(executor) {}

  asio::awaitable<void> take(std::size_t amount) {
    const Turn mine(*this);
    while (left_ < amount || *waiting_.begin() != mine.number)
      co_await freed_.wait();
    left_ -= amount;
  }
  void give_back(std::size_t amount) {
    left_ += amount;
    if (amount != 0)
      freed_.notify();
  }

private:
  /// A place in the queue. Leaving it, served or cancelled, wakes the others: one of them is first now.
  struct Turn {
    explicit Turn(Quota& waited_for) : quota(waited_for), number(quota.last_++) { quota.waiting_.insert(number); }
    ~Turn() {
      quota.waiting_.erase(number);
      quota.freed_.notify();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Quota& quota;
    std::uint64_t number;
  };

  std::size_t left_;
  Event freed_;
  std::uint64_t last_ = 0;
  std::set<std::uint64_t> waiting_; ///< in the order in which they came
};

/// An exchange takes its bytes first and may then wait for `growing`; once it has that, it asks for nothing more. In
/// the other order two exchanges could each hold what the other waits for.
struct ReplyBudget {
  ReplyBudget(const asio::any_io_executor& executor, std::size_t size) : bytes(executor, size), growing(executor, 1) {}
  Quota bytes;
  Quota growing; ///< held by the one reply of unknown length that may become as large as any
};

std::shared_ptr<ReplyBudget> make_reply_budget(const asio::any_io_executor& executor, std::size_t bytes) {
  return std::make_shared<ReplyBudget>(executor, bytes);
}

namespace {

/// What one exchange holds of a budget; given back however the exchange ends.
class Share {
public:
  explicit Share(std::shared_ptr<ReplyBudget> budget) : budget_(std::move(budget)) {}
  ~Share() {
    if (!budget_)
      return;
    budget_->bytes.give_back(bytes_);
    budget_->growing.give_back(growing_);
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  asio::awaitable<void> take(std::size_t bytes) {
    if (!budget_)
      co_return;
    co_await budget_->bytes.take(bytes);
    bytes_ += bytes;
  }
  asio::awaitable<void> grow() {
    if (!budget_)
      co_return;
    co_await budget_->growing.take(1);
    growing_ = 1;
  }

private:
  std::shared_ptr<ReplyBudget> budget_;
  std::size_t bytes_ = 0, growing_ = 0;
};

constexpr std::size_t piece = 16U << 10U;
constexpr std::size_t unbudgeted = 64U << 10U; ///< up to this nothing is reserved: most replies are smaller
constexpr std::size_t usual = 512U << 10U;     ///< reserved where no length is known: most of those are smaller

std::string kib(std::uint64_t bytes) {
  return bytes >= (1U << 20U) ? fmt::format("{} MiB", bytes >> 20U) : fmt::format("{} KiB", bytes >> 10U);
}

} // namespace

std::string_view HttpReply::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

struct HttpConnection::State {
  State(asio::any_io_executor executor, const std::string& host, std::uint16_t number,
        std::shared_ptr<ReplyBudget> shared)
      : socket(std::move(executor)), address(host), endpoint(asio::ip::make_address(host), number),
        budget(std::move(shared)) {}
  tcp::socket socket;
  std::string address;
  tcp::endpoint endpoint;
  std::shared_ptr<ReplyBudget> budget;
  boost::beast::flat_buffer buffer;

  using Parser = http::response_parser<http::string_body>;

  /// Reads one reply, interim or not. With a loop of its own: every turn of it can be cancelled, while Beast's read
  /// goes on for as long as bytes keep coming, and a service that sends for ever would outlast the operation's
  /// deadline. Returns why the reply is incomplete; empty when it is whole.
  asio::awaitable<std::string> read(Parser& parser, bool is_head) {
    parser.body_limit(body_limit);
    parser.header_limit(head_limit);
    parser.skip(is_head); // a reply to HEAD may tell a length, and has no body
    parser.eager(true);
    Share share(budget);
    std::size_t received = 0;
    bool is_large = false, is_huge = false;
    // Whether something of the reply has come, maybe behind an interim reply: "cut" and "no reply" are told apart by
    // it.
    bool any = buffer.size() != 0;
    while (!parser.is_done()) {
      boost::system::error_code error;
      const auto used = buffer.size() == 0 ? 0 : parser.put(buffer.data(), error);
      buffer.consume(used);
      if (error && error != http::error::need_more)
        co_return problem(error);
      if (parser.is_done())
        break;
      // The parser's limits are for the head and the body. The rest is sizes, extensions and trailers of chunks, which
      // a service could send for ever without any body.
      if (received > parser.get().body().size() + head_limit + framing_limit)
        co_return fmt::format("the framing of its chunks is larger than {}", kib(framing_limit));
      if (used != 0 && !error)
        continue;
      // While an exchange waits for its share it does not read, so the service is held up by its full socket.
      if (received >= unbudgeted && !std::exchange(is_large, true))
        co_await share.take(expected(parser) + head_limit);
      if (received >= usual && !is_known(parser) && !std::exchange(is_huge, true))
        co_await share.grow();
      const auto size =
          co_await socket.async_read_some(buffer.prepare(piece), asio::redirect_error(use_awaitable, error));
      buffer.commit(size);
      received += size;
      any = any || size != 0;
      // The end of the connection completes a body without a length, and cuts any other.
      if (error == asio::error::eof && any) {
        boost::system::error_code ending;
        parser.put_eof(ending);
        if (ending)
          co_return fmt::format("the reply was cut: {}", ending.message());
        break;
      }
      if (error)
        co_return any ? fmt::format("the reply was cut: {}", error.message())
                      : fmt::format("no reply: {}", error.message());
    }
    co_return std::string{};
  }

private:
  /// True once the head has come and it says how long the body is.
  static bool is_known(const Parser& parser) { return parser.is_header_done() && parser.content_length(); }
  static std::size_t expected(const Parser& parser) {
    return is_known(parser) ? static_cast<std::size_t>(std::min<std::uint64_t>(*parser.content_length(), body_limit))
                            : usual;
  }
  static std::string problem(const boost::system::error_code& error) {
    if (error == http::error::header_limit)
      return fmt::format("the head of the reply is larger than {}", kib(head_limit));
    if (error == http::error::body_limit)
      return fmt::format("the body of the reply is larger than {}", kib(body_limit));
    return fmt::format("the reply is no HTTP/1.1: {}", error.message());
  }
};

HttpConnection::HttpConnection(asio::any_io_executor executor, std::string address, std::uint16_t port,
                               std::shared_ptr<ReplyBudget> budget)
    : state_(std::make_unique<State>(std::move(executor), address, port, std::move(budget))) {}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;

bool HttpConnection::is_open() const {
  return state_->socket.is_open();
}

bool HttpConnection::is_usable() const {
  if (!is_open())
    return false;
  // Nobody sends on an idle connection. What can be read is its end, or bytes that no request has asked for: it is of
  // no use either way. Only "nothing to read" means that it is still good.
  char byte = 0;
  const auto size = ::recv(const_cast<tcp::socket&>(state_->socket).native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void HttpConnection::close() {
  boost::system::error_code error; // the descriptor is released whatever close(2) says
  state_->socket.close(error);
  state_->buffer = {}; // a hostile reply may have made it large: its memory is given back
}

asio::awaitable<HttpOutcome> HttpConnection::exchange(const HttpRequest& request) {
  boost::system::error_code error;
  if (!state_->socket.is_open()) {
    co_await state_->socket.async_connect(state_->endpoint, asio::redirect_error(use_awaitable, error));
    if (error) {
      close();
      // A descriptor or port that the harness lacks is no outcome of this operation: it ends the run.
      throw_shortage(error, fmt::format("connecting to {}:{}", state_->address, state_->endpoint.port()));
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
  std::optional<State::Parser> parser;
  for (int interim = 0;; ++interim) { // replies 1xx but 101 come before the reply to the request
    parser.emplace();
    auto why = co_await state_->read(*parser, request.method == "HEAD");
    if (why.empty() && interim == interim_limit)
      why = fmt::format("more than {} interim replies came before the reply", interim_limit);
    if (!why.empty()) {
      close();
      co_return HttpFailure{HttpFailure::When::exchanging, std::move(why)};
    }
    const auto status = parser->get().result_int();
    if (status < 100 || status >= 200 || status == 101)
      break;
  }
  HttpReply reply;
  auto& response = parser->get();
  reply.status = static_cast<int>(response.result_int());
  reply.keep_alive = response.keep_alive();
  for (const auto& field : response.base()) {
    reply.headers.emplace_back(text::lower(field.name_string()), field.value());
  }
  reply.body = std::move(response.body());
  // Bytes behind the reply belong to no request; kept, they would be read as the reply to the next one.
  if (!reply.keep_alive || state_->buffer.size() != 0)
    close();
  co_return reply;
}

} // namespace holdfast::async
