#include "fakes/shop/redis_store.hpp"

#include <stdexcept>

namespace shop {

RedisStore::RedisStore(const std::string& address) {
  const auto colon = address.rfind(':');
  host_ = address.substr(0, colon);
  port_ = std::stoi(address.substr(colon + 1));
}

RedisStore::Context RedisStore::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto context = std::move(idle_.back());
      idle_.pop_back();
      return context;
    }
  }
  const timeval limit{2, 0};
  Context context(redisConnectWithTimeout(host_.c_str(), port_, limit), redisFree);
  if (!context || context->err != 0)
    throw std::runtime_error(context ? context->errstr : "redis: no memory");
  redisSetTimeout(context.get(), limit);
  return context;
}

RedisStore::Reply RedisStore::command(const std::vector<std::string>& words) {
  std::vector<const char*> text;
  std::vector<std::size_t> sizes;
  for (const auto& word : words)
    text.push_back(word.data()), sizes.push_back(word.size());
  for (int attempt = 1;; ++attempt) {
    auto context = take();
    Reply reply(static_cast<redisReply*>(
                    redisCommandArgv(context.get(), static_cast<int>(text.size()), text.data(), sizes.data())),
                freeReplyObject);
    if (!reply) { // a connection that failed is dropped; a stale one is told from a dead store by trying a fresh one
      if (attempt > 1)
        throw std::runtime_error(std::string("redis: ") + context->errstr);
      const std::lock_guard lock(mutex_);
      idle_.clear();
      continue;
    }
    if (reply->type == REDIS_REPLY_ERROR)
      throw std::runtime_error(std::string("redis: ") + reply->str);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(context));
    return reply;
  }
}

} // namespace shop
