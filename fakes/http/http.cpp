#include "fakes/http/http.hpp"

#include "harness/protocol/http.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace holdfast::fakes {

namespace asio = boost::asio;
using Kind = scenario::HttpBehaviour::Kind;

namespace {

constexpr std::size_t message_limit = 4U << 20U; ///< head and body of a request

class HttpConnection final : public link::FakeConnection {
public:
  HttpConnection(async::Clock& clock, HttpPlayer& player, const HttpFake::OnWithheld& withheld, std::string peer)
      : clock_(clock), player_(player), withheld_(withheld), peer_(std::move(peer)) {}

  asio::awaitable<Taken> receive(std::string_view more, std::string& reply) override {
    const auto taken = std::exchange(rest_, {}) + std::string(more);
    std::string_view bytes(taken);
    while (!bytes.empty() && !closed_ && !mute_) {
      if (reply.size() > reply_room) {
        rest_ = bytes;
        co_return Taken::some;
      }
      const auto used = scanner_.feed(bytes, false);
      message_.append(bytes.substr(0, used));
      bytes.remove_prefix(used);
      if (!scanner_.error().empty())
        refuse(400, scanner_.error(), reply);
      else if (message_.size() > message_limit)
        refuse(413, fmt::format("the http fake takes requests of up to {} bytes", message_limit), reply);
      else if (scanner_.complete())
        co_await answer(reply);
      else if (scanner_.head_complete() && scanner_.head().expects_continue && !std::exchange(continued_, true))
        reply += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    co_return Taken::all;
  }
  bool closed() const override { return closed_; }

private:
  void refuse(int status, const std::string& why, std::string& reply) {
    reply += to_bytes(refusal(status, why), Body::sent, After::close);
    closed_ = true;
  }

  asio::awaitable<void> answer(std::string& reply) {
    const auto read = read_message(std::exchange(message_, {}));
    scanner_.reset();
    continued_ = false;
    if (const auto* bad = std::get_if<BadRequest>(&read))
      co_return refuse(400, bad->why, reply);
    const auto* request = std::get_if<HttpMessage>(&read);
    const auto played = player_.play(*request);
    const auto kind = played.behaviour == nullptr ? Kind::decline : played.behaviour->kind;
    if (played.behaviour != nullptr && kind != Kind::twice) // that one hears a good answer
      withheld_(peer_, played.route, played.behaviour->name);
    if (kind == Kind::hang) {
      mute_ = true; // a later request's answer would be taken for this one's
      co_return;
    }
    if (kind == Kind::delay)
      co_await clock_.wait_for(played.behaviour->delay);
    auto bytes = to_bytes(played.reply, request->method == "HEAD" ? Body::left_out : Body::sent,
                          request->keep_alive ? After::keep_alive : After::close);
    if (kind == Kind::cut)
      bytes.resize(std::min(bytes.size(), played.behaviour->delivered_before_cut));
    reply += bytes;
    if (kind == Kind::twice)
      reply += bytes;
    closed_ = kind == Kind::cut || !request->keep_alive;
  }

  async::Clock& clock_;
  HttpPlayer& player_;
  const HttpFake::OnWithheld& withheld_;
  std::string peer_;
  std::string rest_; ///< bytes that came while the client had not read
  protocol::HttpScanner scanner_{protocol::HttpScanner::Direction::request};
  std::string message_;
  bool continued_ = false; ///< the client was told to send the body
  bool mute_ = false;      ///< nothing is answered any more
  bool closed_ = false;
};

} // namespace

std::unique_ptr<link::FakeConnection> HttpFake::connect(const std::string& peer) {
  return std::make_unique<HttpConnection>(clock_, player_, on_withheld_, peer);
}

} // namespace holdfast::fakes
