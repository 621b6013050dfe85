// Keys whatever they hold.
#include "fakes/redis/commands.hpp"
#include "harness/protocol/conversation.hpp"

#include <array>

namespace holdfast::fakes {

namespace {

using namespace redis;
using protocol::lower;

const char* type_of(const RedisStore::Entry& entry) {
  static constexpr std::array names = {"string", "hash", "list", "set", "zset"}; // in the order of RedisStore::Value
  return names.at(entry.value.index());
}

void remove(RedisStore& store, Arguments args, RedisReply& reply) {
  std::int64_t count = 0;
  for (const auto& key : args.subspan(1))
    count += store.erase(key) ? 1 : 0;
  reply.integer(count);
}

void exists(RedisStore& store, Arguments args, RedisReply& reply) {
  std::int64_t count = 0;
  for (const auto& key : args.subspan(1))
    count += store.find(key) != nullptr ? 1 : 0;
  reply.integer(count);
}

void type(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto* entry = store.find(args[1]);
  reply.status(entry == nullptr ? "none" : type_of(*entry));
}

void answer(const std::vector<std::string>& keys, RedisReply& reply) {
  reply.array(keys.size());
  for (const auto& key : keys)
    reply.bulk(key);
}

void keys(RedisStore& store, Arguments args, RedisReply& reply) {
  std::vector<std::string> found;
  for (auto& key : store.keys())
    if (glob(args[1], key))
      found.push_back(std::move(key));
  answer(found, reply);
}

void scan(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto options = scan_options(args, 2, true, reply);
  if (!options)
    return;
  std::vector<std::string> found;
  for (auto& key : store.keys())
    if (glob(options->pattern, key) && (options->type.empty() || options->type == type_of(*store.find(key))))
      found.push_back(std::move(key));
  reply.array(2); // everything at once: the cursor is back at 0
  reply.bulk("0");
  answer(found, reply);
}

void rename(RedisStore& store, Arguments args, RedisReply& reply) {
  const bool only_new = lower(args[0]) == "renamenx";
  auto* entry = store.find(args[1]);
  if (entry == nullptr)
    return reply.error("ERR no such key");
  if (only_new && store.find(args[2]) != nullptr)
    return reply.integer(0);
  if (args[1] != args[2]) {
    auto moved = std::move(*entry);
    store.erase(args[1]);
    store.put(args[2], std::move(moved.value)).expires = moved.expires;
  }
  if (only_new)
    reply.integer(1);
  else
    reply.status("OK");
}

void random_key(RedisStore& store, Arguments, RedisReply& reply) {
  const auto all = store.keys();
  if (all.empty())
    return reply.null();
  reply.bulk(all.front()); // any will do, and the same one is easier to follow
}

void flush(RedisStore& store, Arguments args, RedisReply& reply) {
  if (args.size() > 1 && lower(args[1]) != "sync" && lower(args[1]) != "async")
    return reply.error(syntax);
  store.clear();
  reply.status("OK");
}

} // namespace

void add_key_commands(CommandTable& table) {
  table["del"] = table["unlink"] = {-2, remove};
  table["exists"] = table["touch"] = {-2, exists};
  table["type"] = {2, type};
  table["keys"] = {2, keys};
  table["scan"] = {-2, scan};
  table["rename"] = table["renamenx"] = {3, rename};
  table["randomkey"] = {1, random_key};
  table["dbsize"] = {1, [](RedisStore& store, Arguments, RedisReply& reply) { reply.size(store.keys().size()); }};
  table["flushdb"] = {-1, flush};
}

} // namespace holdfast::fakes
