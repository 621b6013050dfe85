// Faults on whole messages: drop_reply (applied and answered, never heard) and error (answered with an error, never
// applied).
#include "harness/faults/step.hpp"

#include "harness/link/matcher.hpp"

#include <fmt/format.h>

namespace holdfast::faults {

namespace {

link::Match match_of(const Target& target) {
  return {target.text("operation", ""), target.text("key", ""), 0};
}

std::uint64_t limit_of(const Target& target) {
  return static_cast<std::uint64_t>(target.step.get<std::int64_t>("count").value_or(0));
}

/// The reply is lost with its connection: what the network does when it fails between apply and acknowledge.
class DropReplyTap final : public link::Tap {
public:
  DropReplyTap(link::Match match, std::uint64_t limit) : matcher_(std::move(match)), limit_(limit) {}
  asio::awaitable<link::Decision> request(const link::Message& message) override {
    (void)matcher_.request(message);
    co_return link::Decision{};
  }
  asio::awaitable<link::Decision> reply(const link::Message& message) override {
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

/// The error of each protocol, as its servers send it. PostgreSQL's is FATAL and ends the connection, so that the
/// server rolls back whatever was open: both sides are where a real server would leave them.
class ErrorTap final : public link::Tap {
public:
  ErrorTap(link::Match match, std::uint64_t limit, std::string protocol, std::string code, std::string text)
      : matcher_(std::move(match)), limit_(limit), protocol_(std::move(protocol)), code_(std::move(code)),
        text_(std::move(text)) {}
  asio::awaitable<link::Decision> request(const link::Message& message) override {
    if (!matcher_.request(message) || (limit_ != 0 && touched_ >= limit_))
      co_return link::Decision{};
    ++touched_;
    using Kind = link::Decision::Kind;
    if (protocol_ == "redis")
      co_return link::Decision{Kind::answer, fmt::format("-{} {}\r\n", code_.empty() ? "ERR" : code_, text_)};
    if (protocol_ == "postgres")
      co_return link::Decision{Kind::answer_and_close, fatal()};
    const auto body = fmt::format("{{\"error\":\"{}\"}}", text_);
    co_return link::Decision{
        Kind::answer,
        fmt::format("HTTP/1.1 {} Injected\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    code_.empty() ? "503" : code_, body.size(), body)};
  }
  void closed(std::uint64_t connection) override { matcher_.closed(connection); }
  [[nodiscard]] std::uint64_t touched() const { return touched_; }

private:
  [[nodiscard]] std::string fatal() const {
    std::string body;
    const auto field = [&](char type, const std::string& value) { body += type + value + '\0'; };
    field('S', "FATAL");
    field('V', "FATAL");
    field('C', code_.empty() ? "57P01" : code_);
    field('M', text_);
    body += '\0';
    const auto length = static_cast<std::uint32_t>(body.size() + 4);
    std::string message = "E";
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      message += static_cast<char>(length >> shift);
    return message + body;
  }

  link::Matcher matcher_;
  std::uint64_t limit_;
  std::string protocol_, code_, text_;
  std::uint64_t touched_ = 0;
};

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
          {"key", scenario::ValueType::string, false, "only messages with this key"},
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
  return {{.name = "error",
           .acts = scenario::StepSchema::Acts::on_link,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .help = "requests are answered with an error and not applied",
           .keys = keys},
          [](Target target) -> std::unique_ptr<Step> {
            auto tap =
                std::make_shared<ErrorTap>(match_of(target), limit_of(target), target.link->protocol(),
                                           target.text("code", ""), target.text("message", "injected by holdfast"));
            return std::make_unique<TapStep<ErrorTap>>(std::move(target), std::move(tap),
                                                       "requests answered with an error");
          }};
}

} // namespace holdfast::faults
