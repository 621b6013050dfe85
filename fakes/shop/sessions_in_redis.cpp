#include "fakes/shop/random.hpp"
#include "fakes/shop/redis_store.hpp"
#include "fakes/shop/sessions.hpp"

namespace shop {

namespace {
constexpr auto lifetime = "3600";
} // namespace

struct Sessions::Impl {
  explicit Impl(const std::string& address) : store(address) {}
  RedisStore store;
};

Sessions::Sessions(const std::string& address) : impl_(std::make_unique<Impl>(address)) {}
Sessions::~Sessions() = default;

std::string Sessions::open(const std::string& user) {
  auto token = random_token();
  impl_->store.command({"SET", "session:" + token, user, "EX", lifetime});
  return token;
}

std::optional<std::string> Sessions::user_of(const std::string& token) {
  const auto reply = impl_->store.command({"GETEX", "session:" + token, "EX", lifetime});
  if (reply->type != REDIS_REPLY_STRING)
    return std::nullopt;
  return std::string(reply->str, reply->len);
}

void Sessions::close(const std::string& token) {
  impl_->store.command({"DEL", "session:" + token});
}
void Sessions::ping() {
  impl_->store.command({"PING"});
}

} // namespace shop
