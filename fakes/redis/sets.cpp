// Sets.
#include "fakes/redis/commands.hpp"
#include "harness/protocol/conversation.hpp"

#include <algorithm>

namespace holdfast::fakes {

namespace {

using namespace redis;
using protocol::lower;

void add(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_or_make<RedisSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::int64_t fresh = 0;
  for (const auto& member : args.subspan(2))
    fresh += found.value->insert(member).second ? 1 : 0;
  if (fresh > 0)
    store.changed(*found.entry);
  reply.integer(fresh);
}

void remove(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::int64_t count = 0;
  for (std::size_t i = 2; found.value != nullptr && i < args.size(); ++i)
    count += static_cast<std::int64_t>(found.value->erase(args[i]));
  settle(store, args[1], found, count > 0);
  reply.integer(count);
}

void answer(const RedisSet& members, RedisReply& reply) {
  reply.set(members.size());
  for (const auto& member : members)
    reply.bulk(member);
}

void members(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSet>(store, args[1], reply);
  if (!found.wrong)
    answer(found.value == nullptr ? RedisSet{} : *found.value, reply);
}

void is_member(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSet>(store, args[1], reply);
  if (found.wrong)
    return;
  if (lower(args[0]) == "smismember")
    reply.array(args.size() - 2);
  for (const auto& member : args.subspan(2))
    reply.boolean(found.value != nullptr && found.value->contains(member));
}

void count(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSet>(store, args[1], reply);
  if (!found.wrong)
    reply.size(found.value == nullptr ? 0 : found.value->size());
}

/// Any members will do, and the first by name are easier to follow.
void pop(RedisStore& store, Arguments args, RedisReply& reply) {
  const bool many = args.size() > 2;
  if (args.size() > 3)
    return reply.error(syntax);
  const auto wanted = many ? to_integer(args[2]) : std::optional<std::int64_t>(1);
  if (!wanted || *wanted < 0)
    return reply.error(not_positive);
  const auto found = find_as<RedisSet>(store, args[1], reply);
  if (found.wrong)
    return;
  if (found.value == nullptr)
    return many ? reply.set(0) : reply.null();
  const auto size = std::min(static_cast<std::size_t>(*wanted), found.value->size());
  if (many)
    reply.set(size);
  for (std::size_t i = 0; i < size; ++i)
    reply.bulk(found.value->extract(found.value->begin()).value());
  settle(store, args[1], found, size > 0);
}

/// SINTER, SUNION and SDIFF.
void combine(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  RedisSet result;
  for (std::size_t i = 1; i < args.size(); ++i) {
    const auto found = find_as<RedisSet>(store, args[i], reply);
    if (found.wrong)
      return;
    const auto& other = found.value == nullptr ? RedisSet{} : *found.value;
    if (i == 1 || name == "sunion")
      result.insert(other.begin(), other.end());
    else
      std::erase_if(result, [&](const auto& member) { return other.contains(member) == (name == "sdiff"); });
  }
  answer(result, reply);
}

void scan(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto options = scan_options(args, 3, false, reply);
  if (!options)
    return;
  const auto found = find_as<RedisSet>(store, args[1], reply);
  if (found.wrong)
    return;
  auto matching = found.value == nullptr ? RedisSet{} : *found.value;
  std::erase_if(matching, [&](const auto& member) { return !glob(options->pattern, member); });
  reply.array(2);
  reply.bulk("0");
  reply.array(matching.size());
  for (const auto& member : matching)
    reply.bulk(member);
}

} // namespace

void add_set_commands(CommandTable& table) {
  table["sadd"] = {-3, add};
  table["srem"] = {-3, remove};
  table["smembers"] = {2, members};
  table["sismember"] = {3, is_member};
  table["smismember"] = {-3, is_member};
  table["scard"] = {2, count};
  table["spop"] = {-2, pop};
  table["sinter"] = table["sunion"] = table["sdiff"] = {-2, combine};
  table["sscan"] = {-3, scan};
}

} // namespace holdfast::fakes
