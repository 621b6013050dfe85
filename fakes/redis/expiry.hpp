// When a key goes: the ways to say it that SET, GETEX and EXPIRE share.
#pragma once

#include "fakes/redis/commands.hpp"

namespace holdfast::fakes::redis {

/// EX, PX, EXAT or PXAT, in lower case.
[[nodiscard]] bool is_expiry_option(std::string_view option);

/// The moment that such an option and its argument name. Answers with `command`'s error and returns nothing when it
/// names none.
[[nodiscard]] std::optional<async::Time> expiry_option(const RedisStore& store, std::string_view option,
                                                       const std::string& argument, std::string_view command,
                                                       RedisReply& reply);

} // namespace holdfast::fakes::redis
