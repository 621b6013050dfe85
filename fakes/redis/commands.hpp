// The commands of the redis fake, by name, and what they share. Used by its connections only.
#pragma once

#include "fakes/redis/reply.hpp"
#include "fakes/redis/store.hpp"

#include <span>
#include <string>
#include <unordered_map>

namespace holdfast::fakes {

using Arguments = std::span<const std::string>; ///< the command's name comes first

struct Command {
  int arity = 1; ///< arguments, the name included; negative: at least so many
  void (*run)(RedisStore&, Arguments, RedisReply&) = nullptr;
};

using CommandTable = std::unordered_map<std::string, Command>;

/// Commands that touch the data of one database; those that change the connection are the connection's.
[[nodiscard]] const CommandTable& redis_commands();
/// True for commands that Redis has and the fake has not. They are refused by saying so, while a command that Redis
/// does not know either gets Redis's own error.
[[nodiscard]] bool only_redis_knows(std::string_view name);

// One file a group.
void add_string_commands(CommandTable& table);
void add_key_commands(CommandTable& table);
void add_expiry_commands(CommandTable& table);
void add_hash_commands(CommandTable& table);
void add_list_commands(CommandTable& table);
void add_set_commands(CommandTable& table);
void add_sorted_set_commands(CommandTable& table);

namespace redis {

inline constexpr auto wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr auto no_integer = "ERR value is not an integer or out of range";
inline constexpr auto no_float = "ERR value is not a valid float";
inline constexpr auto not_positive = "ERR value is out of range, must be positive";
inline constexpr auto syntax = "ERR syntax error";

[[nodiscard]] std::string wrong_arity(std::string_view command);
[[nodiscard]] std::optional<std::int64_t> to_integer(const std::string& text);
[[nodiscard]] std::optional<double> to_real(const std::string& text);
/// As INCRBYFLOAT stores it: no exponent, no zeros at the end.
[[nodiscard]] std::string plain_real(long double value);
/// Redis's glob: * ? [a-z] [^a] and backslash.
[[nodiscard]] bool glob(std::string_view pattern, std::string_view text);

/// What `key` holds if it holds a T: `value` is null when there is none. When it is something else the error has been
/// answered and `wrong` is set.
template <class T>
struct Found {
  RedisStore::Entry* entry = nullptr;
  T* value = nullptr;
  bool wrong = false;
};

template <class T>
Found<T> find_as(RedisStore& store, const std::string& key, RedisReply& reply) {
  auto* entry = store.find(key);
  if (entry == nullptr)
    return {};
  auto* value = std::get_if<T>(&entry->value);
  if (value == nullptr)
    reply.error(wrong_type);
  return {entry, value, value == nullptr};
}

/// The same, with an empty one put there when there is none.
template <class T>
Found<T> find_or_make(RedisStore& store, const std::string& key, RedisReply& reply) {
  auto found = find_as<T>(store, key, reply);
  if (found.entry == nullptr) {
    found.entry = &store.put(key, T{});
    found.value = &std::get<T>(found.entry->value);
  }
  return found;
}

/// After members were taken away: an empty collection is no key.
template <class T>
void settle(RedisStore& store, const std::string& key, const Found<T>& found, bool any) {
  if (any)
    store.changed(*found.entry);
  if (found.value != nullptr && found.value->empty())
    store.erase(key);
}

/// The elements from `start` to `stop`, both counted from the end when negative; an empty range when none is meant.
struct Range {
  std::size_t begin = 0, end = 0;
};
[[nodiscard]] Range range_of(std::int64_t start, std::int64_t stop, std::size_t size);

/// MATCH and COUNT of the SCAN family; answers and returns nothing when they are malformed. COUNT is a hint that the
/// fake has no use for: everything comes at once.
struct ScanOptions {
  std::string pattern = "*";
  std::string type = {};
};
[[nodiscard]] std::optional<ScanOptions> scan_options(Arguments args, std::size_t from, bool with_type,
                                                      RedisReply& reply);

} // namespace redis
} // namespace holdfast::fakes
