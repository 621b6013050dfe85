// EXPIRE, TTL, PERSIST and the expiry options of other commands. Keys expire by the fake's clock; moments that clients
// name in Unix time (EXPIREAT, EXAT) are turned into a distance from now first.
#include "fakes/redis/expiry.hpp"

#include "harness/protocol/conversation.hpp"

#include <chrono>
#include <fmt/format.h>

namespace holdfast::fakes {

namespace redis {

namespace {

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// In milliseconds from now; nothing when it is out of range.
std::optional<std::int64_t> relative_ms(std::int64_t amount, bool seconds, bool absolute) {
  constexpr std::int64_t limit = 9'000'000'000'000; // 285 years: what a clock in nanoseconds can hold
  const auto now = absolute ? wall_ms() : 0;
  std::int64_t ms = amount;
  if ((seconds && __builtin_mul_overflow(amount, std::int64_t{1000}, &ms)) || __builtin_sub_overflow(ms, now, &ms) ||
      ms > limit || ms < -limit)
    return std::nullopt;
  return ms;
}

} // namespace

bool is_expiry_option(std::string_view option) {
  return option == "ex" || option == "px" || option == "exat" || option == "pxat";
}

std::optional<async::Time> expiry_option(const RedisStore& store, std::string_view option, const std::string& argument,
                                         std::string_view command, RedisReply& reply) {
  const auto amount = to_integer(argument);
  if (!amount)
    return reply.error(no_integer), std::nullopt;
  const auto ms = relative_ms(*amount, option.starts_with('e'), option.ends_with("at"));
  if (*amount <= 0 || !ms)
    return reply.error(fmt::format("ERR invalid expire time in '{}' command", command)), std::nullopt;
  return store.now() + std::chrono::milliseconds(*ms);
}

} // namespace redis

namespace {

using namespace redis;
using protocol::lower;

void expire(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  const auto amount = to_integer(args[2]);
  if (!amount)
    return reply.error(no_integer);
  bool only_without = false, only_with = false, later = false, sooner = false;
  for (const auto& argument : args.subspan(3)) {
    const auto option = lower(argument);
    if (option != "nx" && option != "xx" && option != "gt" && option != "lt")
      return reply.error(fmt::format("ERR Unsupported option {}", argument));
    (option == "nx" ? only_without : option == "xx" ? only_with : option == "gt" ? later : sooner) = true;
  }
  if (only_without && (only_with || later || sooner))
    return reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
  if (later && sooner)
    return reply.error("ERR GT and LT options at the same time are not compatible");
  const auto ms = relative_ms(*amount, !name.starts_with('p'), name.ends_with("at"));
  if (!ms)
    return reply.error(fmt::format("ERR invalid expire time in '{}' command", name));
  auto* entry = store.find(args[1]);
  if (entry == nullptr)
    return reply.integer(0);
  const auto when = store.now() + std::chrono::milliseconds(*ms);
  // A key without expiry lives for ever: nothing is later, everything sooner.
  if ((only_without && entry->expires) || (only_with && !entry->expires) ||
      (later && (!entry->expires || when <= *entry->expires)) || (sooner && entry->expires && when >= *entry->expires))
    return reply.integer(0);
  // A moment in the past deletes the key at once and still answers 1.
  if (*ms <= 0) {
    store.erase(args[1]);
  } else {
    entry->expires = when;
    store.changed(*entry);
  }
  reply.integer(1);
}

void time_left(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  const auto* entry = store.find(args[1]);
  if (entry == nullptr)
    return reply.integer(-2);
  if (!entry->expires)
    return reply.integer(-1);
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*entry->expires - store.now()).count();
  if (name.ends_with("expiretime"))
    ms += wall_ms();
  // TTL rounds to the nearest second, as Redis does.
  reply.integer(name.starts_with('p') ? ms : (ms + 500) / 1000);
}

void persist(RedisStore& store, Arguments args, RedisReply& reply) {
  auto* entry = store.find(args[1]);
  const bool had = entry != nullptr && entry->expires.has_value();
  if (had) {
    entry->expires.reset();
    store.changed(*entry);
  }
  reply.boolean(had);
}

} // namespace

void add_expiry_commands(CommandTable& table) {
  table["expire"] = table["pexpire"] = table["expireat"] = table["pexpireat"] = {-3, expire};
  table["ttl"] = table["pttl"] = table["expiretime"] = table["pexpiretime"] = {2, time_left};
  table["persist"] = {2, persist};
}

} // namespace holdfast::fakes
