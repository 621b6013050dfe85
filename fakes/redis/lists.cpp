// Lists, as queues use them.
#include "fakes/redis/commands.hpp"
#include "harness/protocol/conversation.hpp"

#include <algorithm>

namespace holdfast::fakes {

namespace {

using namespace redis;
using protocol::lower;

bool at_left(Arguments args) {
  return lower(args[0]).starts_with('l');
}

void push(RedisStore& store, Arguments args, RedisReply& reply) {
  if (lower(args[0]).ends_with('x') && store.find(args[1]) == nullptr)
    return reply.integer(0);
  const auto found = find_or_make<RedisList>(store, args[1], reply);
  if (found.wrong)
    return;
  for (const auto& value : args.subspan(2))
    if (at_left(args))
      found.value->push_front(value);
    else
      found.value->push_back(value);
  store.changed(*found.entry);
  reply.size(found.value->size());
}

std::string take(RedisList& list, bool left) {
  auto value = std::move(left ? list.front() : list.back());
  if (left)
    list.pop_front();
  else
    list.pop_back();
  return value;
}

/// With a count the answer is an array, even of one element; without it the element itself.
void pop(RedisStore& store, Arguments args, RedisReply& reply) {
  if (args.size() > 3)
    return reply.error(wrong_arity(lower(args[0])));
  std::int64_t count = 1;
  if (args.size() > 2) {
    const auto given = to_integer(args[2]);
    if (!given || *given < 0)
      return reply.error(not_positive);
    count = *given;
  }
  const auto found = find_as<RedisList>(store, args[1], reply);
  if (found.wrong)
    return;
  if (found.value == nullptr)
    return args.size() > 2 ? reply.null_array() : reply.null();
  const auto size = std::min(static_cast<std::size_t>(count), found.value->size());
  if (args.size() > 2)
    reply.array(size);
  for (std::size_t i = 0; i < size; ++i)
    reply.bulk(take(*found.value, at_left(args)));
  settle(store, args[1], found, size > 0);
}

void range(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto start = to_integer(args[2]), stop = to_integer(args[3]);
  if (!start || !stop)
    return reply.error(no_integer);
  const auto found = find_as<RedisList>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto range = range_of(*start, *stop, found.value == nullptr ? 0 : found.value->size());
  reply.array(range.end - range.begin);
  for (auto i = range.begin; i < range.end; ++i)
    reply.bulk((*found.value)[i]);
}

void trim(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto start = to_integer(args[2]), stop = to_integer(args[3]);
  if (!start || !stop)
    return reply.error(no_integer);
  const auto found = find_as<RedisList>(store, args[1], reply);
  if (found.wrong)
    return;
  if (found.value != nullptr) {
    const auto range = range_of(*start, *stop, found.value->size());
    found.value->erase(found.value->begin() + static_cast<std::ptrdiff_t>(range.end), found.value->end());
    found.value->erase(found.value->begin(), found.value->begin() + static_cast<std::ptrdiff_t>(range.begin));
    settle(store, args[1], found, true);
  }
  reply.status("OK");
}

void length(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisList>(store, args[1], reply);
  if (!found.wrong)
    reply.size(found.value == nullptr ? 0 : found.value->size());
}

void at_index(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto index = to_integer(args[2]);
  if (!index)
    return reply.error(no_integer);
  const auto found = find_as<RedisList>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto size = static_cast<std::int64_t>(found.value == nullptr ? 0 : found.value->size());
  const auto at = *index < 0 ? *index + size : *index;
  if (at < 0 || at >= size)
    return reply.null();
  reply.bulk((*found.value)[static_cast<std::size_t>(at)]);
}

void set_index(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisList>(store, args[1], reply);
  if (found.wrong)
    return;
  if (found.value == nullptr)
    return reply.error("ERR no such key");
  const auto index = to_integer(args[2]);
  if (!index)
    return reply.error(no_integer);
  const auto size = static_cast<std::int64_t>(found.value->size());
  const auto at = *index < 0 ? *index + size : *index;
  if (at < 0 || at >= size)
    return reply.error("ERR index out of range");
  (*found.value)[static_cast<std::size_t>(at)] = args[3];
  store.changed(*found.entry);
  reply.status("OK");
}

void remove(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto count = to_integer(args[2]);
  if (!count)
    return reply.error(no_integer);
  const auto found = find_as<RedisList>(store, args[1], reply);
  if (found.wrong)
    return;
  if (found.value == nullptr)
    return reply.integer(0);
  auto& list = *found.value;
  // A negative count removes from the end: the list is turned round, searched, and turned back.
  const bool backwards = *count < 0;
  if (backwards)
    std::reverse(list.begin(), list.end());
  std::int64_t removed = 0;
  const auto wanted = *count == 0 || *count == INT64_MIN ? INT64_MAX : std::abs(*count);
  std::erase_if(list, [&](const std::string& value) { return value == args[3] && removed < wanted && ++removed > 0; });
  if (backwards)
    std::reverse(list.begin(), list.end());
  settle(store, args[1], found, removed > 0);
  reply.integer(removed);
}

/// RPOPLPUSH and LMOVE.
void move(RedisStore& store, Arguments args, RedisReply& reply) {
  bool from_left = false, to_left = true;
  if (args.size() == 5) {
    const auto from = lower(args[3]), to = lower(args[4]);
    if ((from != "left" && from != "right") || (to != "left" && to != "right"))
      return reply.error(syntax);
    from_left = from == "left";
    to_left = to == "left";
  }
  const auto source = find_as<RedisList>(store, args[1], reply);
  if (source.wrong)
    return;
  if (source.value == nullptr)
    return reply.null();
  if (find_as<RedisList>(store, args[2], reply).wrong)
    return;
  const auto value = take(*source.value, from_left);
  // Source and target may be one list: its only element is taken and put back, and `settle` below must not remove the
  // key because the list was empty in between.
  auto* target = find_or_make<RedisList>(store, args[2], reply).entry;
  auto& list = std::get<RedisList>(target->value);
  list.insert(to_left ? list.begin() : list.end(), value);
  store.changed(*target);
  settle(store, args[1], source, true);
  reply.bulk(value);
}

} // namespace

void add_list_commands(CommandTable& table) {
  table["lpush"] = table["rpush"] = table["lpushx"] = table["rpushx"] = {-3, push};
  table["lpop"] = table["rpop"] = {-2, pop};
  table["lrange"] = {4, range};
  table["ltrim"] = {4, trim};
  table["llen"] = {2, length};
  table["lindex"] = {3, at_index};
  table["lset"] = {4, set_index};
  table["lrem"] = {4, remove};
  table["rpoplpush"] = {3, move};
  table["lmove"] = {5, move};
}

} // namespace holdfast::fakes
