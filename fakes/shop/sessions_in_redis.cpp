#include "fakes/shop/random.hpp"
#include "fakes/shop/sessions.hpp"

#include <hiredis/hiredis.h>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace shop {

namespace {
constexpr auto lifetime = "3600";
using Context = std::unique_ptr<redisContext, void (*)(redisContext*)>;
using Reply = std::unique_ptr<redisReply, void (*)(void*)>;
} // namespace

struct Sessions::Impl {
  std::string host;
  int port = 0;
  std::mutex mutex;
  std::vector<Context> idle;

  Context take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto context = std::move(idle.back());
        idle.pop_back();
        return context;
      }
    }
    const timeval limit{2, 0};
    Context context(redisConnectWithTimeout(host.c_str(), port, limit), redisFree);
    if (!context || context->err != 0)
      throw std::runtime_error(context ? context->errstr : "redis: no memory");
    redisSetTimeout(context.get(), limit);
    return context;
  }

  /// A connection that failed is dropped; a stale one is told from a dead store by trying a fresh one.
  Reply command(const std::vector<std::string>& words) {
    std::vector<const char*> text;
    std::vector<std::size_t> sizes;
    for (const auto& word : words)
      text.push_back(word.data()), sizes.push_back(word.size());
    for (int attempt = 1;; ++attempt) {
      auto context = take();
      Reply reply(static_cast<redisReply*>(
                      redisCommandArgv(context.get(), static_cast<int>(text.size()), text.data(), sizes.data())),
                  freeReplyObject);
      if (!reply) {
        const bool idempotent = true; // every command of this file may be sent twice
        if (attempt == 1 && idempotent) {
          const std::lock_guard lock(mutex);
          idle.clear();
          continue;
        }
        throw std::runtime_error(std::string("redis: ") + context->errstr);
      }
      if (reply->type == REDIS_REPLY_ERROR)
        throw std::runtime_error(std::string("redis: ") + reply->str);
      const std::lock_guard lock(mutex);
      idle.push_back(std::move(context));
      return reply;
    }
  }
};

Sessions::Sessions(const std::string& address) : impl_(std::make_unique<Impl>()) {
  const auto colon = address.rfind(':');
  impl_->host = address.substr(0, colon);
  impl_->port = std::stoi(address.substr(colon + 1));
}
Sessions::~Sessions() = default;

std::string Sessions::open(const std::string& user) {
  auto token = random_token();
  impl_->command({"SET", "session:" + token, user, "EX", lifetime});
  return token;
}

std::optional<std::string> Sessions::user_of(const std::string& token) {
  const auto reply = impl_->command({"GET", "session:" + token});
  if (reply->type != REDIS_REPLY_STRING)
    return std::nullopt;
  std::string user(reply->str, reply->len);
  impl_->command({"EXPIRE", "session:" + token, lifetime});
  return user;
}

void Sessions::close(const std::string& token) {
  impl_->command({"DEL", "session:" + token});
}
void Sessions::ping() {
  impl_->command({"PING"});
}

} // namespace shop
