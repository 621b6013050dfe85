#include "fakes/redis/commands.hpp"

#include "harness/protocol/conversation.hpp"

#include <charconv>
#include <fmt/format.h>
#include <fnmatch.h>

namespace holdfast::fakes {

namespace {

using protocol::lower;
constexpr auto wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr auto no_integer = "ERR value is not an integer or out of range";

std::optional<std::int64_t> to_integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// The string at `key`; null when there is none. Sets `mismatch` and answers when it is something else.
std::string* string_at(RedisStore& store, const std::string& key, RedisReply& reply, bool& mismatch) {
  auto* entry = store.find(key);
  mismatch = entry != nullptr && !std::holds_alternative<std::string>(entry->value);
  if (mismatch)
    reply.error(wrong_type);
  return entry == nullptr || mismatch ? nullptr : &std::get<std::string>(entry->value);
}

RedisStore::Hash* hash_at(RedisStore& store, const std::string& key, RedisReply& reply, bool& mismatch) {
  auto* entry = store.find(key);
  mismatch = entry != nullptr && !std::holds_alternative<RedisStore::Hash>(entry->value);
  if (mismatch)
    reply.error(wrong_type);
  return entry == nullptr || mismatch ? nullptr : &std::get<RedisStore::Hash>(entry->value);
}

void reply_or_null(RedisReply& reply, const std::string* value) {
  if (value != nullptr)
    reply.bulk(*value);
  else
    reply.null();
}

void get(RedisStore& store, Arguments args, RedisReply& reply) {
  bool mismatch = false;
  const auto* value = string_at(store, args[1], reply, mismatch);
  if (!mismatch)
    reply_or_null(reply, value);
}

void set(RedisStore& store, Arguments args, RedisReply& reply) {
  std::optional<async::Time> expires;
  bool only_new = false, only_old = false, keep = false, old = false;
  for (std::size_t i = 3; i < args.size(); ++i) {
    const auto option = lower(args[i]);
    if (option == "nx")
      only_new = true;
    else if (option == "xx")
      only_old = true;
    else if (option == "keepttl")
      keep = true;
    else if (option == "get")
      old = true;
    else if ((option == "ex" || option == "px") && i + 1 < args.size()) {
      const auto count = to_integer(args[++i]);
      if (!count)
        return reply.error(no_integer);
      if (*count <= 0)
        return reply.error("ERR invalid expire time in 'set' command");
      expires = store.now() + (option == "ex" ? async::Duration(std::chrono::seconds(*count))
                                              : async::Duration(std::chrono::milliseconds(*count)));
    } else
      return reply.error("ERR syntax error");
  }
  auto* entry = store.find(args[1]);
  std::optional<std::string> before;
  if (entry != nullptr && old) {
    if (!std::holds_alternative<std::string>(entry->value))
      return reply.error(wrong_type);
    before = std::get<std::string>(entry->value);
  }
  const bool refused = (only_new && entry != nullptr) || (only_old && entry == nullptr);
  if (!refused) {
    const auto kept = keep && entry != nullptr ? entry->expires : expires;
    store.put(args[1], args[2]).expires = kept;
  }
  if (old)
    return before ? reply.bulk(*before) : reply.null();
  if (refused)
    reply.null();
  else
    reply.status("OK");
}

void set_with_expiry(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto count = to_integer(args[2]);
  if (!count)
    return reply.error(no_integer);
  if (*count <= 0)
    return reply.error(fmt::format("ERR invalid expire time in '{}' command", lower(args[0])));
  const bool seconds = lower(args[0]) == "setex";
  store.put(args[1], args[3]).expires = store.now() + (seconds ? async::Duration(std::chrono::seconds(*count))
                                                               : async::Duration(std::chrono::milliseconds(*count)));
  reply.status("OK");
}

void expire(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto count = to_integer(args[2]);
  if (!count)
    return reply.error(no_integer);
  auto* entry = store.find(args[1]);
  if (entry == nullptr)
    return reply.integer(0);
  const bool seconds = lower(args[0]) == "expire";
  entry->expires = store.now() + (seconds ? async::Duration(std::chrono::seconds(*count))
                                          : async::Duration(std::chrono::milliseconds(*count)));
  store.touch(args[1]);
  reply.integer(1);
}

/// GETEX key [EX seconds | PX milliseconds | PERSIST]
void get_with_expiry(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto option = args.size() > 2 ? lower(args[2]) : std::string{};
  std::optional<async::Time> expires;
  if ((option == "ex" || option == "px") && args.size() == 4) {
    const auto count = to_integer(args[3]);
    if (!count)
      return reply.error(no_integer);
    if (*count <= 0)
      return reply.error("ERR invalid expire time in 'getex' command");
    expires = store.now() + (option == "ex" ? async::Duration(std::chrono::seconds(*count))
                                            : async::Duration(std::chrono::milliseconds(*count)));
  } else if (args.size() != 2 && !(option == "persist" && args.size() == 3)) {
    return reply.error("ERR syntax error");
  }
  bool mismatch = false;
  const auto* value = string_at(store, args[1], reply, mismatch);
  if (mismatch)
    return;
  reply_or_null(reply, value);
  if (value == nullptr || option.empty())
    return;
  store.find(args[1])->expires = expires;
  store.touch(args[1]);
}

void ttl(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto* entry = store.find(args[1]);
  if (entry == nullptr)
    return reply.integer(-2);
  if (!entry->expires)
    return reply.integer(-1);
  const auto left = *entry->expires - store.now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  reply.integer(lower(args[0]) == "pttl" ? ms : (ms + 500) / 1000);
}

void add(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  std::int64_t by = 1;
  if (args.size() > 2) {
    const auto given = to_integer(args[2]);
    if (!given)
      return reply.error(no_integer);
    by = *given;
  }
  if (name.starts_with("decr") && __builtin_sub_overflow(std::int64_t{0}, by, &by))
    return reply.error(no_integer);
  bool mismatch = false;
  auto* value = string_at(store, args[1], reply, mismatch);
  if (mismatch)
    return;
  const auto before = value == nullptr ? std::optional<std::int64_t>(0) : to_integer(*value);
  std::int64_t after = 0;
  if (!before)
    return reply.error(no_integer);
  if (__builtin_add_overflow(*before, by, &after))
    return reply.error("ERR increment or decrement would overflow");
  if (value == nullptr) {
    store.put(args[1], std::to_string(after));
  } else {
    *value = std::to_string(after);
    store.touch(args[1]);
  }
  reply.integer(after);
}

void hash_set(RedisStore& store, Arguments args, RedisReply& reply) {
  if (args.size() % 2 != 0)
    return reply.error("ERR wrong number of arguments for 'hset' command");
  bool mismatch = false;
  auto* hash = hash_at(store, args[1], reply, mismatch);
  if (mismatch)
    return;
  if (hash == nullptr)
    hash = &std::get<RedisStore::Hash>(store.put(args[1], RedisStore::Hash{}).value);
  std::int64_t fresh = 0;
  for (std::size_t i = 2; i < args.size(); i += 2)
    fresh += hash->insert_or_assign(args[i], args[i + 1]).second ? 1 : 0;
  store.touch(args[1]);
  if (lower(args[0]) == "hmset")
    reply.status("OK");
  else
    reply.integer(fresh);
}

void hash_delete(RedisStore& store, Arguments args, RedisReply& reply) {
  bool mismatch = false;
  auto* hash = hash_at(store, args[1], reply, mismatch);
  if (mismatch)
    return;
  std::int64_t count = 0;
  for (std::size_t i = 2; hash != nullptr && i < args.size(); ++i)
    count += static_cast<std::int64_t>(hash->erase(args[i]));
  const bool empty = hash != nullptr && hash->empty();
  if (count > 0)
    store.touch(args[1]); // forgets a key that has expired by now
  if (empty)
    store.erase(args[1]);
  reply.integer(count);
}

void hash_read(RedisStore& store, Arguments args, RedisReply& reply) {
  static const RedisStore::Hash none;
  bool mismatch = false;
  const auto* found = hash_at(store, args[1], reply, mismatch);
  if (mismatch)
    return;
  const auto& hash = found == nullptr ? none : *found;
  const auto value = [&](const std::string& field) {
    const auto at = hash.find(field);
    return at == hash.end() ? nullptr : &at->second;
  };
  const auto name = lower(args[0]);
  if (name == "hlen")
    return reply.integer(static_cast<std::int64_t>(hash.size()));
  if (name == "hgetall") {
    reply.map(hash.size());
    for (const auto& [field, text] : hash)
      reply.bulk(field), reply.bulk(text);
    return;
  }
  if (name == "hkeys" || name == "hvals") {
    reply.array(hash.size());
    for (const auto& [field, text] : hash)
      reply.bulk(name == "hkeys" ? field : text);
    return;
  }
  if (args.size() < 3)
    return reply.error(fmt::format("ERR wrong number of arguments for '{}' command", name));
  if (name == "hget")
    return reply_or_null(reply, value(args[2]));
  if (name == "hexists")
    return reply.integer(value(args[2]) != nullptr ? 1 : 0);
  reply.array(args.size() - 2); // hmget
  for (std::size_t i = 2; i < args.size(); ++i)
    reply_or_null(reply, value(args[i]));
}

void remove(RedisStore& store, Arguments args, RedisReply& reply) {
  std::int64_t count = 0;
  for (const auto& key : args.subspan(1))
    count += store.erase(key) ? 1 : 0;
  reply.integer(count);
}

void keys(RedisStore& store, const std::string& pattern, RedisReply& reply) {
  std::vector<std::string> found;
  for (auto& key : store.keys())
    if (fnmatch(pattern.c_str(), key.c_str(), 0) == 0)
      found.push_back(key);
  reply.array(found.size());
  for (const auto& key : found)
    reply.bulk(key);
}

} // namespace

const std::unordered_map<std::string, Command>& redis_commands() {
  static const std::unordered_map<std::string, Command> all = [] {
    std::unordered_map<std::string, Command> table;
    table["get"] = {2, 2, get};
    table["getex"] = {2, 4, get_with_expiry};
    table["set"] = {3, 10, set};
    table["setex"] = table["psetex"] = {4, 4, set_with_expiry};
    table["setnx"] = {3, 3, [](RedisStore& store, Arguments args, RedisReply& reply) {
                        const bool fresh = store.find(args[1]) == nullptr;
                        if (fresh)
                          store.put(args[1], args[2]);
                        reply.integer(fresh ? 1 : 0);
                      }};
    table["getdel"] = {2, 2, [](RedisStore& store, Arguments args, RedisReply& reply) {
                         get(store, args, reply);
                         store.erase(args[1]);
                       }};
    table["mget"] = {2, SIZE_MAX, [](RedisStore& store, Arguments args, RedisReply& reply) {
                       reply.array(args.size() - 1);
                       for (const auto& key : args.subspan(1)) {
                         const auto* entry = store.find(key);
                         reply_or_null(reply, entry == nullptr ? nullptr : std::get_if<std::string>(&entry->value));
                       }
                     }};
    table["mset"] = {3, SIZE_MAX, [](RedisStore& store, Arguments args, RedisReply& reply) {
                       if (args.size() % 2 == 0)
                         return reply.error("ERR wrong number of arguments for 'mset' command");
                       for (std::size_t i = 1; i < args.size(); i += 2)
                         store.put(args[i], args[i + 1]);
                       reply.status("OK");
                     }};
    table["strlen"] = {2, 2, [](RedisStore& store, Arguments args, RedisReply& reply) {
                         bool mismatch = false;
                         const auto* value = string_at(store, args[1], reply, mismatch);
                         if (!mismatch)
                           reply.integer(value == nullptr ? 0 : static_cast<std::int64_t>(value->size()));
                       }};
    table["append"] = {3, 3, [](RedisStore& store, Arguments args, RedisReply& reply) {
                         bool mismatch = false;
                         auto* value = string_at(store, args[1], reply, mismatch);
                         if (mismatch)
                           return;
                         if (value == nullptr)
                           value = &std::get<std::string>(store.put(args[1], std::string{}).value);
                         *value += args[2];
                         const auto size = static_cast<std::int64_t>(value->size());
                         store.touch(args[1]); // last: it forgets a key that has expired by now
                         reply.integer(size);
                       }};
    table["incr"] = table["decr"] = {2, 2, add};
    table["incrby"] = table["decrby"] = {3, 3, add};
    table["del"] = table["unlink"] = {2, SIZE_MAX, remove};
    table["exists"] = {2, SIZE_MAX, [](RedisStore& store, Arguments args, RedisReply& reply) {
                         std::int64_t count = 0;
                         for (const auto& key : args.subspan(1))
                           count += store.find(key) != nullptr ? 1 : 0;
                         reply.integer(count);
                       }};
    table["expire"] = table["pexpire"] = {3, 3, expire};
    table["ttl"] = table["pttl"] = {2, 2, ttl};
    table["persist"] = {2, 2, [](RedisStore& store, Arguments args, RedisReply& reply) {
                          auto* entry = store.find(args[1]);
                          const bool had = entry != nullptr && entry->expires.has_value();
                          if (had)
                            entry->expires.reset(), store.touch(args[1]);
                          reply.integer(had ? 1 : 0);
                        }};
    table["type"] = {2, 2, [](RedisStore& store, Arguments args, RedisReply& reply) {
                       const auto* entry = store.find(args[1]);
                       reply.status(entry == nullptr ? "none" : entry->value.index() == 0 ? "string" : "hash");
                     }};
    table["keys"] = {2, 2, [](RedisStore& store, Arguments args, RedisReply& reply) { keys(store, args[1], reply); }};
    table["scan"] = {2, 8, [](RedisStore& store, Arguments args, RedisReply& reply) {
                       std::string pattern = "*";
                       for (std::size_t i = 2; i + 1 < args.size(); i += 2)
                         if (lower(args[i]) == "match")
                           pattern = args[i + 1];
                       reply.array(2); // everything at once: the cursor is back at 0
                       reply.bulk("0");
                       keys(store, pattern, reply);
                     }};
    table["dbsize"] = {1, 1, [](RedisStore& store, Arguments, RedisReply& reply) {
                         reply.integer(static_cast<std::int64_t>(store.keys().size()));
                       }};
    table["flushall"] = table["flushdb"] = {1, 2, [](RedisStore& store, Arguments, RedisReply& reply) {
                                              store.clear();
                                              reply.status("OK");
                                            }};
    table["hset"] = table["hmset"] = {4, SIZE_MAX, hash_set};
    table["hdel"] = {3, SIZE_MAX, hash_delete};
    table["hget"] = table["hexists"] = {3, 3, hash_read};
    table["hmget"] = {3, SIZE_MAX, hash_read};
    table["hgetall"] = table["hkeys"] = table["hvals"] = table["hlen"] = {2, 2, hash_read};
    table["echo"] = {2, 2, [](RedisStore&, Arguments args, RedisReply& reply) { reply.bulk(args[1]); }};
    table["ping"] = {1, 2, [](RedisStore&, Arguments args, RedisReply& reply) {
                       if (args.size() > 1)
                         reply.bulk(args[1]);
                       else
                         reply.status("PONG");
                     }};
    table["command"] = {1, SIZE_MAX, [](RedisStore&, Arguments, RedisReply& reply) { reply.array(0); }};
    table["info"] = {1, SIZE_MAX, [](RedisStore&, Arguments, RedisReply& reply) {
                       reply.bulk("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nloading:0\r\n"
                                  "# Replication\r\nrole:master\r\n");
                     }};
    return table;
  }();
  return all;
}

} // namespace holdfast::fakes
