// The commands of the redis fake, by name. Used by its connections only.
#pragma once

#include "fakes/redis/redis.hpp"
#include "fakes/redis/reply.hpp"

#include <functional>
#include <span>
#include <string>
#include <unordered_map>

namespace holdfast::fakes {

using Arguments = std::span<const std::string>; ///< the command's name comes first

struct Command {
  std::size_t min = 1; ///< arguments, the name included
  std::size_t max = SIZE_MAX;
  std::function<void(RedisStore&, Arguments, RedisReply&)> run;
};

/// Commands that touch data only; those that change the connection are the connection's.
[[nodiscard]] const std::unordered_map<std::string, Command>& redis_commands();

} // namespace holdfast::fakes
