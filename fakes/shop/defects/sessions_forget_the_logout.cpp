// Planted defect: a logout is remembered by the process and not by the store. Found by `sessions`, kind `zombie`, after
// a restart.
#include "fakes/shop/random.hpp"
#include "fakes/shop/redis_store.hpp"
#include "fakes/shop/sessions.hpp"

#include <set>

namespace shop {

namespace {
constexpr auto lifetime = "3600";
} // namespace

struct Sessions::Impl {
  explicit Impl(const std::string& address) : store(address) {}
  RedisStore store;
  std::mutex mutex;
  std::set<std::string> signed_out;
};

Sessions::Sessions(const std::string& address) : impl_(std::make_unique<Impl>(address)) {}
Sessions::~Sessions() = default;

std::string Sessions::open(const std::string& user) {
  auto token = random_token();
  impl_->store.command({"SET", "session:" + token, user, "EX", lifetime});
  return token;
}

std::optional<std::string> Sessions::user_of(const std::string& token) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->signed_out.contains(token))
      return std::nullopt;
  }
  const auto reply = impl_->store.command({"GETEX", "session:" + token, "EX", lifetime});
  if (reply->type != REDIS_REPLY_STRING)
    return std::nullopt;
  return std::string(reply->str, reply->len);
}

void Sessions::close(const std::string& token) {
  const std::lock_guard lock(impl_->mutex);
  impl_->signed_out.insert(token);
}
void Sessions::ping() {
  impl_->store.command({"PING"});
}

} // namespace shop
