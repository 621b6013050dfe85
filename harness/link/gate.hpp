// A tap that holds one message at a position while something is done: this makes a failure exact instead of lucky.
#pragma once

#include "harness/link/matcher.hpp"
#include "harness/scenario/scenario.hpp"

#include <functional>

namespace holdfast::link {

class Gate final : public Tap {
public:
  enum class Sender {
    lives,
    gone ///< the strike has ended the process that sent the message
  };
  /// Completes before the message moves. A request whose sender is gone then is never delivered: it had not left yet.
  using Strike = std::function<asio::awaitable<Sender>(const Message&)>;

  Gate(scenario::Position position, Match match, Strike strike)
      : position_(position), matcher_(std::move(match)), strike_(std::move(strike)) {}

  asio::awaitable<Decision> request(const Message& message) override {
    if (suspended_)
      co_return Decision{};
    const bool matches = matcher_.request(message);
    const bool here = matches && !fired_ && position_.point == scenario::Position::Point::request;
    if (here && co_await fire(message) == Sender::gone)
      co_return Decision{Decision::Kind::reset, {}};
    co_return Decision{};
  }
  std::size_t deliver_first(const Message& message) override {
    const bool here = position_.point == scenario::Position::Point::reply && !fired_ && matcher_.would_match(message);
    return here ? position_.delivered : 0;
  }
  asio::awaitable<Decision> reply(const Message& message) override {
    const bool matches = matcher_.reply(message);
    if (matches && !fired_ && position_.point == scenario::Position::Point::reply)
      (void)co_await fire(message);
    co_return Decision{};
  }
  void closed(std::uint64_t connection) override { matcher_.closed(connection); }

  /// While suspended, nothing is counted or held.
  void suspend() { suspended_ = true; }
  void resume() { suspended_ = false; }
  [[nodiscard]] bool fired() const { return fired_; }
  [[nodiscard]] std::uint64_t seen() const { return matcher_.seen(); }

private:
  asio::awaitable<Sender> fire(const Message& message) {
    fired_ = true; // before the strike, which may take a while: other connections' messages match meanwhile
    co_return co_await strike_(message);
  }

  scenario::Position position_;
  Matcher matcher_;
  Strike strike_;
  bool fired_ = false;
  bool suspended_ = false;
};

} // namespace holdfast::link
