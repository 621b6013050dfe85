// Planted defect: while the store is out of reach sessions are kept in the process, as if it were empty. Found by
// `sessions`, kind `lost`: who signed in meanwhile is unknown afterwards.
#include "fakes/shop/random.hpp"
#include "fakes/shop/redis_store.hpp"
#include "fakes/shop/sessions.hpp"

#include <map>
#include <stdexcept>

namespace shop {

namespace {
constexpr auto lifetime = "3600";
} // namespace

struct Sessions::Impl {
  explicit Impl(const std::string& address) : store(address) {}
  RedisStore store;
  std::mutex mutex;
  std::map<std::string, std::string> fallback;
};

Sessions::Sessions(const std::string& address) : impl_(std::make_unique<Impl>(address)) {}
Sessions::~Sessions() = default;

std::string Sessions::open(const std::string& user) {
  auto token = random_token();
  try {
    impl_->store.command({"SET", "session:" + token, user, "EX", lifetime});
  } catch (const std::exception&) {
    const std::lock_guard lock(impl_->mutex);
    impl_->fallback[token] = user;
  }
  return token;
}

std::optional<std::string> Sessions::user_of(const std::string& token) {
  try {
    const auto reply = impl_->store.command({"GETEX", "session:" + token, "EX", lifetime});
    if (reply->type != REDIS_REPLY_STRING)
      return std::nullopt;
    return std::string(reply->str, reply->len);
  } catch (const std::exception&) {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->fallback.find(token);
    return found == impl_->fallback.end() ? std::nullopt : std::optional(found->second);
  }
}

void Sessions::close(const std::string& token) {
  impl_->store.command({"DEL", "session:" + token});
}
void Sessions::ping() {} // there is always somewhere to keep a session

} // namespace shop
