// GET, SET and what else takes a key for one text.
#include "fakes/redis/commands.hpp"
#include "fakes/redis/expiry.hpp"
#include "harness/protocol/conversation.hpp"

#include <cmath>
#include <fmt/format.h>

namespace holdfast::fakes {

namespace {

using namespace redis;
using protocol::lower;

void get(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  if (found.value != nullptr)
    reply.bulk(*found.value);
  else
    reply.null();
}

void get_delete(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  get(store, args, reply);
  if (found.entry != nullptr)
    store.erase(args[1]);
}

/// GETEX: without an option it leaves the expiry alone, unlike SET, which removes it.
void get_expiring(RedisStore& store, Arguments args, RedisReply& reply) {
  std::optional<async::Time> expires;
  bool persist = false;
  if (args.size() > 2) {
    const auto option = lower(args[2]);
    persist = option == "persist" && args.size() == 3;
    if (!persist && (args.size() != 4 || !is_expiry_option(option)))
      return reply.error(syntax);
    if (!persist)
      expires = expiry_option(store, option, args[3], "getex", reply);
    if (!persist && !expires)
      return;
  }
  const auto found = find_as<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  get(store, args, reply);
  if (found.entry == nullptr || args.size() == 2)
    return;
  found.entry->expires = expires;
  store.changed(*found.entry);
}

struct SetOptions {
  std::optional<async::Time> expires;
  bool only_new = false, only_old = false, keep = false, old = false;
};

std::optional<SetOptions> set_options(RedisStore& store, Arguments args, RedisReply& reply) {
  SetOptions options;
  for (std::size_t i = 3; i < args.size(); ++i) {
    const auto option = lower(args[i]);
    const bool timed = options.expires || options.keep;
    if (option == "nx" && !options.only_old) {
      options.only_new = true;
    } else if (option == "xx" && !options.only_new) {
      options.only_old = true;
    } else if (option == "get") {
      options.old = true;
    } else if (option == "keepttl" && !timed) {
      options.keep = true;
    } else if (is_expiry_option(option) && !timed && i + 1 < args.size()) {
      options.expires = expiry_option(store, option, args[++i], "set", reply);
      if (!options.expires)
        return std::nullopt;
    } else {
      reply.error(syntax);
      return std::nullopt;
    }
  }
  return options;
}

/// SET with GET answers the old value, or nil, whether or not NX or XX refused the new one. Without GET a refusal is
/// nil.
void set(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto options = set_options(store, args, reply);
  if (!options)
    return;
  auto* entry = store.find(args[1]);
  std::optional<std::string> before;
  if (entry != nullptr && options->old) {
    const auto* text = std::get_if<std::string>(&entry->value);
    if (text == nullptr)
      return reply.error(wrong_type);
    before = *text;
  }
  const bool refused = (options->only_new && entry != nullptr) || (options->only_old && entry == nullptr);
  if (!refused) {
    const auto expires = options->keep && entry != nullptr ? entry->expires : options->expires;
    store.put(args[1], args[2]).expires = expires;
  }
  if (options->old)
    return before ? reply.bulk(*before) : reply.null();
  if (refused)
    reply.null();
  else
    reply.status("OK");
}

void set_with_expiry(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  const auto expires = expiry_option(store, name == "setex" ? "ex" : "px", args[2], name, reply);
  if (!expires)
    return;
  store.put(args[1], args[3]).expires = expires;
  reply.status("OK");
}

void set_new(RedisStore& store, Arguments args, RedisReply& reply) {
  const bool fresh = store.find(args[1]) == nullptr;
  if (fresh)
    store.put(args[1], args[2]);
  reply.boolean(fresh);
}

void get_set(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  get(store, args, reply);
  store.put(args[1], args[2]);
}

void get_many(RedisStore& store, Arguments args, RedisReply& reply) {
  reply.array(args.size() - 1);
  for (const auto& key : args.subspan(1)) {
    auto* entry = store.find(key);
    const auto* text = entry == nullptr ? nullptr : std::get_if<std::string>(&entry->value);
    if (text != nullptr)
      reply.bulk(*text);
    else
      reply.null();
  }
}

/// MSETNX looks at all keys before it writes the first: it sets all or none.
void set_many(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  if (args.size() % 2 == 0)
    return reply.error(wrong_arity(name));
  const bool only_new = name == "msetnx";
  for (std::size_t i = 1; only_new && i < args.size(); i += 2)
    if (store.find(args[i]) != nullptr)
      return reply.integer(0);
  for (std::size_t i = 1; i < args.size(); i += 2)
    store.put(args[i], args[i + 1]);
  if (only_new)
    reply.integer(1);
  else
    reply.status("OK");
}

/// INCR, DECR and their BY forms. The value is changed in place, so that the key keeps its expiry.
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
    return reply.error("ERR decrement would overflow");
  const auto found = find_as<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto before = found.value == nullptr ? std::optional<std::int64_t>(0) : to_integer(*found.value);
  std::int64_t after = 0;
  if (!before)
    return reply.error(no_integer);
  if (__builtin_add_overflow(*before, by, &after))
    return reply.error("ERR increment or decrement would overflow");
  if (found.entry == nullptr) {
    store.put(args[1], std::to_string(after));
  } else {
    *found.value = std::to_string(after);
    store.changed(*found.entry);
  }
  reply.integer(after);
}

void add_real(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto before = found.value == nullptr ? std::optional(0.0) : to_real(*found.value);
  const auto by = to_real(args[2]);
  if (!before || !by)
    return reply.error(no_float);
  // From the texts: a double would show the digits that it cannot hold.
  const auto sum = (found.value == nullptr ? 0.0L : std::strtold(found.value->c_str(), nullptr)) +
                   std::strtold(args[2].c_str(), nullptr);
  if (!std::isfinite(sum))
    return reply.error("ERR increment would produce NaN or Infinity");
  const auto text = plain_real(sum);
  if (found.entry == nullptr) {
    store.put(args[1], text);
  } else {
    *found.value = text;
    store.changed(*found.entry);
  }
  reply.bulk(text);
}

void append(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_or_make<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  *found.value += args[2];
  store.changed(*found.entry);
  reply.size(found.value->size());
}

void length(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<std::string>(store, args[1], reply);
  if (!found.wrong)
    reply.size(found.value == nullptr ? 0 : found.value->size());
}

void get_range(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto start = to_integer(args[2]), stop = to_integer(args[3]);
  if (!start || !stop)
    return reply.error(no_integer);
  const auto found = find_as<std::string>(store, args[1], reply);
  if (found.wrong)
    return;
  if (found.value == nullptr)
    return reply.bulk("");
  const auto range = range_of(*start, *stop, found.value->size());
  reply.bulk(std::string_view(*found.value).substr(range.begin, range.end - range.begin));
}

} // namespace

void add_string_commands(CommandTable& table) {
  table["get"] = {2, get};
  table["getdel"] = {2, get_delete};
  table["getex"] = {-2, get_expiring};
  table["set"] = {-3, set};
  table["setex"] = table["psetex"] = {4, set_with_expiry};
  table["setnx"] = {3, set_new};
  table["getset"] = {3, get_set};
  table["mget"] = {-2, get_many};
  table["mset"] = table["msetnx"] = {-3, set_many};
  table["incr"] = table["decr"] = {2, add};
  table["incrby"] = table["decrby"] = {3, add};
  table["incrbyfloat"] = {3, add_real};
  table["append"] = {3, append};
  table["strlen"] = {2, length};
  table["getrange"] = table["substr"] = {4, get_range};
}

} // namespace holdfast::fakes
