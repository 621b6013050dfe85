// Fields behind one key.
#include "fakes/redis/commands.hpp"
#include "harness/protocol/conversation.hpp"

#include <cmath>
#include <fmt/format.h>

namespace holdfast::fakes {

namespace {

using namespace redis;
using protocol::lower;

void set(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  if (args.size() % 2 != 0)
    return reply.error(wrong_arity(name));
  const auto found = find_or_make<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  std::int64_t fresh = 0;
  for (std::size_t i = 2; i < args.size(); i += 2)
    fresh += found.value->set(args[i], args[i + 1]) ? 1 : 0;
  store.changed(*found.entry);
  if (name == "hmset")
    reply.status("OK");
  else
    reply.integer(fresh);
}

void set_new(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_or_make<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  const bool fresh = found.value->find(args[2]) == nullptr;
  if (fresh) {
    found.value->set(args[2], args[3]);
    store.changed(*found.entry);
  }
  reply.boolean(fresh);
}

void remove(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  std::int64_t count = 0;
  for (std::size_t i = 2; found.value != nullptr && i < args.size(); ++i)
    count += found.value->erase(args[i]) ? 1 : 0;
  settle(store, args[1], found, count > 0);
  reply.integer(count);
}

void get(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  const bool many = lower(args[0]) == "hmget";
  if (many)
    reply.array(args.size() - 2);
  for (const auto& field : args.subspan(2)) {
    const auto* value = found.value == nullptr ? nullptr : found.value->find(field);
    if (value != nullptr)
      reply.bulk(*value);
    else
      reply.null();
  }
}

void get_all(RedisStore& store, Arguments args, RedisReply& reply) {
  static const RedisHash none;
  const auto found = find_as<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto& hash = found.value == nullptr ? none : *found.value;
  const auto name = lower(args[0]);
  const bool fields = name != "hvals", values = name != "hkeys";
  if (fields && values)
    reply.map(hash.size());
  else
    reply.array(hash.size());
  for (const auto& [field, value] : hash.fields()) {
    if (fields)
      reply.bulk(field);
    if (values)
      reply.bulk(value);
  }
}

void length(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisHash>(store, args[1], reply);
  if (!found.wrong)
    reply.size(found.value == nullptr ? 0 : found.value->size());
}

void exists(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto* value = found.value == nullptr ? nullptr : found.value->find(args[2]);
  if (lower(args[0]) == "hstrlen")
    reply.size(value == nullptr ? 0 : value->size());
  else
    reply.boolean(value != nullptr);
}

/// HINCRBY and HINCRBYFLOAT: stores what `sum` makes of the field's text, a field that is not there counting as "0".
/// `sum` answers the client itself, with the result or an error; after an error a hash that was made for it is removed
/// again, since an empty one would be a key.
template <class Sum>
void change(RedisStore& store, Arguments args, RedisReply& reply, const Sum& sum) {
  auto* entry = store.find(args[1]);
  const bool fresh = entry == nullptr;
  const auto found = find_or_make<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto* before = found.value->find(args[2]);
  const std::optional<std::string> after = sum(before == nullptr ? std::string("0") : *before);
  if (!after) {
    if (fresh)
      store.erase(args[1]);
    return;
  }
  found.value->set(args[2], *after);
  store.changed(*found.entry);
}

void add(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto by = to_integer(args[3]);
  if (!by)
    return reply.error(no_integer);
  change(store, args, reply, [&](const std::string& text) -> std::optional<std::string> {
    const auto before = to_integer(text);
    std::int64_t after = 0;
    if (!before)
      return reply.error("ERR hash value is not an integer"), std::nullopt;
    if (__builtin_add_overflow(*before, *by, &after))
      return reply.error("ERR increment or decrement would overflow"), std::nullopt;
    reply.integer(after);
    return std::to_string(after);
  });
}

void add_real(RedisStore& store, Arguments args, RedisReply& reply) {
  if (!to_real(args[3]))
    return reply.error(no_float);
  change(store, args, reply, [&](const std::string& text) -> std::optional<std::string> {
    if (!to_real(text))
      return reply.error("ERR hash value is not a float"), std::nullopt;
    const auto sum = std::strtold(text.c_str(), nullptr) + std::strtold(args[3].c_str(), nullptr);
    if (!std::isfinite(sum))
      return reply.error("ERR increment would produce NaN or Infinity"), std::nullopt;
    const auto after = plain_real(sum);
    reply.bulk(after);
    return after;
  });
}

void scan(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto options = scan_options(args, 3, false, reply);
  if (!options)
    return;
  const auto found = find_as<RedisHash>(store, args[1], reply);
  if (found.wrong)
    return;
  std::vector<std::pair<std::string, std::string>> matching;
  if (found.value != nullptr)
    for (const auto& one : found.value->fields())
      if (glob(options->pattern, one.first))
        matching.push_back(one);
  reply.array(2);
  reply.bulk("0");
  reply.array(matching.size() * 2);
  for (const auto& [field, value] : matching) {
    reply.bulk(field);
    reply.bulk(value);
  }
}

} // namespace

void add_hash_commands(CommandTable& table) {
  table["hset"] = table["hmset"] = {-4, set};
  table["hsetnx"] = {4, set_new};
  table["hdel"] = {-3, remove};
  table["hget"] = {3, get};
  table["hmget"] = {-3, get};
  table["hgetall"] = table["hkeys"] = table["hvals"] = {2, get_all};
  table["hlen"] = {2, length};
  table["hexists"] = table["hstrlen"] = {3, exists};
  table["hincrby"] = {4, add};
  table["hincrbyfloat"] = {4, add_real};
  table["hscan"] = {-3, scan};
}

} // namespace holdfast::fakes
