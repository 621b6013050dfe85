// Redis with pooled connections, for what keeps sessions in it.
#pragma once

#include <hiredis/hiredis.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace shop {

class RedisStore {
public:
  using Reply = std::unique_ptr<redisReply, void (*)(void*)>;

  explicit RedisStore(const std::string& address); ///< "host:port"
  /// Sends a command, twice if the first connection was stale: every command that is given here may be sent twice.
  /// Throws std::runtime_error when the store does not answer, or answers with an error.
  Reply command(const std::vector<std::string>& words);

private:
  using Context = std::unique_ptr<redisContext, void (*)(redisContext*)>;
  Context take();

  std::string host_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<Context> idle_;
};

} // namespace shop
