#include "fakes/redis/redis.hpp"

#include "fakes/redis/connection.hpp"

namespace holdfast::fakes {

RedisFake::RedisFake(async::Clock& clock) : server_(std::make_unique<RedisServer>()) {
  constexpr std::size_t as_redis_has_by_default = 16;
  server_->databases.assign(as_redis_has_by_default, RedisStore(clock));
}
RedisFake::~RedisFake() = default;

std::unique_ptr<link::FakeConnection> RedisFake::connect(const std::string&) {
  return std::make_unique<RedisConnection>(*server_);
}

} // namespace holdfast::fakes
