// Faults on whole messages of a framed link. drop_reply: the server applies a request and answers it, and the client
// never hears the answer. error: the client gets an error, and the server never applies the request. Each is a tap that
// the step puts on the link for as long as it lasts, proven by the number of messages that it acted on.
#include "harness/faults/step.hpp"

#include "harness/link/matcher.hpp"

#include <fmt/format.h>

namespace holdfast::faults {

namespace {

link::Match match_of(const Target& target) {
  // Zero as nth: the tap acts on every request that fits. `count` bounds how often it acts, not which requests it sees.
  auto keys = target.step.get<std::vector<std::string>>("key").value_or(std::vector<std::string>{});
  std::erase(keys, "");
  return {target.text("operation", ""), std::move(keys), 0};
}

std::uint64_t limit_of(const Target& target) {
  return static_cast<std::uint64_t>(target.step.get<std::int64_t>("count").value_or(0));
}

/// Loses the reply together with its connection, as a network does that fails between apply and acknowledge. Dropping
/// the bytes alone is nothing that TCP can do: the client would take the next reply for this one.
class DropReplyTap final : public link::Tap {
public:
  DropReplyTap(link::Match match, std::uint64_t limit) : matcher_(std::move(match)), limit_(limit) {}
  asio::awaitable<link::Decision> request(const link::Message& message) override {
    (void)matcher_.request(message); // notes it: a reply says nothing of its operation and keys
    co_return link::Decision{};
  }
  asio::awaitable<link::Decision> reply(const link::Message& message) override {
    // The matcher passes over a reply that is an error: that request was not applied, and losing its reply would be
    // another fault than the one that is claimed.
    if (!matcher_.reply(message) || (limit_ != 0 && touched_ >= limit_))
      co_return link::Decision{};
    ++touched_;
    co_return link::Decision{link::Decision::Kind::reset, {}};
  }
  void closed(std::uint64_t connection) override { matcher_.closed(connection); }
  [[nodiscard]] std::uint64_t touched() const { return touched_; }

private:
  link::Matcher matcher_;
  std::uint64_t limit_;
  std::uint64_t touched_ = 0;
};

/// Only chooses which requests are answered with the error. How that is done, so that client and server end in the
/// state that a real error leaves (an aborted transaction, say), is up to Conversation::inject of the link's protocol.
class ErrorTap final : public link::Tap {
public:
  ErrorTap(link::Match match, std::uint64_t limit, protocol::ServerError error)
      : matcher_(std::move(match)), limit_(limit), error_(std::move(error)) {}
  asio::awaitable<link::Decision> request(const link::Message& message) override {
    if (!matcher_.request(message) || (limit_ != 0 && touched_ >= limit_))
      co_return link::Decision{};
    ++touched_;
    co_return link::Decision{link::Decision::Kind::error, error_};
  }
  void closed(std::uint64_t connection) override { matcher_.closed(connection); }
  [[nodiscard]] std::uint64_t touched() const { return touched_; }

private:
  link::Matcher matcher_;
  std::uint64_t limit_;
  protocol::ServerError error_;
  std::uint64_t touched_ = 0;
};

protocol::ServerError error_of(const Target& target) {
  using Severity = protocol::ServerError::Severity;
  const auto severity = target.text("severity", "");
  return {target.text("code", ""), target.text("message", "injected by holdfast"),
          severity == "fatal"   ? Severity::fatal
          : severity == "error" ? Severity::error
                                : Severity::by_code};
}

template <class T>
class TapStep final : public Step {
public:
  TapStep(Target target, std::shared_ptr<T> tap, std::string what)
      : target_(std::move(target)), tap_(std::move(tap)), what_(std::move(what)) {}
  asio::awaitable<void> strike() override {
    target_.link->add(std::shared_ptr<link::Tap>(tap_), target_.peers);
    co_return;
  }
  asio::awaitable<void> undo() override {
    target_.link->remove(std::shared_ptr<link::Tap>(tap_));
    co_return;
  }
  Proof proof() const override {
    if (tap_->touched() > 0)
      return {true, fmt::format("{} {}", tap_->touched(), what_)};
    // That no message matched may have another reason than the scenario's keys: bytes that could not be told apart as
    // messages.
    const auto& why = target_.link->unframed();
    return {false, why.empty() ? fmt::format("no message on '{}' matched", target_.link->name())
                               : fmt::format("messages on '{}' could not be framed: {}", target_.link->name(), why)};
  }

private:
  Target target_;
  std::shared_ptr<T> tap_;
  std::string what_;
};

std::vector<scenario::KeySchema> match_keys() {
  return {{"operation", scenario::ValueType::string, false, "only messages of this operation"},
          {"key", scenario::ValueType::strings, false, "only messages with this key, or with all of several"},
          {"count", scenario::ValueType::integer, false, "at most so many (default: all)"}};
}

} // namespace

StepKind drop_reply_kind() {
  return {{.name = "drop_reply",
           .acts = scenario::StepSchema::Acts::on_link,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .help = "requests are applied, their replies are lost with the connection",
           .keys = match_keys()},
          [](Target target) -> std::unique_ptr<Step> {
            auto tap = std::make_shared<DropReplyTap>(match_of(target), limit_of(target));
            return std::make_unique<TapStep<DropReplyTap>>(std::move(target), std::move(tap),
                                                           "replies dropped after their requests were applied");
          }};
}

StepKind error_kind() {
  auto keys = match_keys();
  keys.push_back({"code", scenario::ValueType::string, false, "SQLSTATE, Redis error prefix or HTTP status"});
  keys.push_back({"message", scenario::ValueType::string, false, "the error's text"});
  keys.push_back({"severity",
                  scenario::ValueType::string,
                  false,
                  "fatal ends the connection; default: as the server does it for that code",
                  {"error", "fatal"}});
  return {{.name = "error",
           .acts = scenario::StepSchema::Acts::on_link,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .help = "requests are answered with an error and not applied",
           .keys = keys},
          [](Target target) -> std::unique_ptr<Step> {
            auto tap = std::make_shared<ErrorTap>(match_of(target), limit_of(target), error_of(target));
            return std::make_unique<TapStep<ErrorTap>>(std::move(target), std::move(tap),
                                                       "requests answered with an error");
          }};
}

} // namespace holdfast::faults
