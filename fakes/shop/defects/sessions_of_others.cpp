// Planted defect: a connection whose answer did not come in time goes back to the pool, and the next one who takes it
// reads that answer as theirs. Found by `sessions`, kind `crossed`, while the store is slow.
#include "fakes/shop/random.hpp"
#include "fakes/shop/redis_store.hpp"
#include "fakes/shop/sessions.hpp"

#include <poll.h>
#include <stdexcept>

namespace shop {

namespace {
constexpr auto lifetime = "3600";
constexpr int patience_ms = 40;
using Context = std::unique_ptr<redisContext, void (*)(redisContext*)>;
} // namespace

struct Sessions::Impl {
  explicit Impl(const std::string& where) : store(where), address(where) {}

  Context take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto context = std::move(idle.back());
        idle.pop_back();
        return context;
      }
    }
    const auto colon = address.rfind(':');
    Context context(redisConnect(address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1))), redisFree);
    if (!context || context->err != 0)
      throw std::runtime_error("redis: no connection");
    return context;
  }

  /// Looks a session up with little patience.
  std::optional<std::string> get(const std::string& key) {
    auto context = take();
    int done = 0;
    redisAppendCommand(context.get(), "GET %s", key.c_str());
    while (done == 0)
      if (redisBufferWrite(context.get(), &done) != REDIS_OK)
        throw std::runtime_error("redis: the connection is gone");
    pollfd waiting{context->fd, POLLIN, 0};
    void* answer = nullptr;
    const bool late = poll(&waiting, 1, patience_ms) <= 0;
    if (!late && redisGetReply(context.get(), &answer) != REDIS_OK)
      throw std::runtime_error("redis: the connection is gone");
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(context)); // also the one that still waits for its answer
    if (late)
      throw std::runtime_error("redis: no answer");
    const RedisStore::Reply reply(static_cast<redisReply*>(answer), freeReplyObject);
    return reply->type == REDIS_REPLY_STRING ? std::optional(std::string(reply->str, reply->len)) : std::nullopt;
  }

  RedisStore store;
  std::string address;
  std::mutex mutex;
  std::vector<Context> idle;
};

Sessions::Sessions(const std::string& address) : impl_(std::make_unique<Impl>(address)) {}
Sessions::~Sessions() = default;

std::string Sessions::open(const std::string& user) {
  auto token = random_token();
  impl_->store.command({"SET", "session:" + token, user, "EX", lifetime});
  return token;
}

std::optional<std::string> Sessions::user_of(const std::string& token) {
  return impl_->get("session:" + token);
}

void Sessions::close(const std::string& token) {
  impl_->store.command({"DEL", "session:" + token});
}
void Sessions::ping() {
  impl_->store.command({"PING"});
}

} // namespace shop
