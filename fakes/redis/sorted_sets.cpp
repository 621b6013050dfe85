// Sorted sets, as leaderboards, delayed queues and rate limiters use them.
#include "fakes/redis/commands.hpp"
#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::fakes {

namespace {

using namespace redis;
using protocol::lower;
using Member = RedisSortedSet::Ranked::value_type;

struct AddOptions {
  bool only_new = false, only_old = false, greater = false, less = false, changed = false, increment = false;
  std::size_t end = 2; ///< where the pairs begin
};

AddOptions add_options(Arguments args) {
  AddOptions options;
  for (; options.end < args.size(); ++options.end) {
    const auto word = lower(args[options.end]);
    if (word == "nx")
      options.only_new = true;
    else if (word == "xx")
      options.only_old = true;
    else if (word == "gt")
      options.greater = true;
    else if (word == "lt")
      options.less = true;
    else if (word == "ch")
      options.changed = true;
    else if (word == "incr")
      options.increment = true;
    else
      break;
  }
  return options;
}

/// ZADD and ZINCRBY. All scores are read before the first is stored, so that a malformed one changes nothing.
void add(RedisStore& store, Arguments args, RedisReply& reply) {
  auto options = add_options(args);
  if (lower(args[0]) == "zincrby")
    options = {.increment = true};
  const auto pairs = args.subspan(options.end);
  if (pairs.empty() || pairs.size() % 2 != 0)
    return reply.error(syntax);
  if (options.only_new && options.only_old)
    return reply.error("ERR XX and NX options at the same time are not compatible");
  if ((options.greater && options.less) || (options.only_new && (options.greater || options.less)))
    return reply.error("ERR GT, LT, and/or NX options at the same time are not compatible");
  if (options.increment && pairs.size() > 2)
    return reply.error("ERR INCR option supports a single increment-element pair");
  std::vector<double> scores;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const auto score = to_real(pairs[i]);
    if (!score)
      return reply.error(no_float);
    scores.push_back(*score);
  }
  const auto found = find_or_make<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::int64_t fresh = 0, moved = 0;
  std::optional<double> last;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const auto& member = pairs[i + 1];
    const auto before = found.value->score(member);
    const auto score = options.increment && before ? *before + scores[i / 2] : scores[i / 2];
    if (std::isnan(score))
      return settle(store, args[1], found, moved > 0), reply.error("ERR resulting score is not a number (NaN)");
    const bool skipped =
        before ? options.only_new || (options.greater && score <= *before) || (options.less && score >= *before)
               : options.only_old;
    if (skipped)
      continue;
    last = score;
    // Not a change: it must not count for CH, nor disturb those who WATCH the key.
    if (before && *before == score)
      continue;
    found.value->set(member, score);
    (before ? moved : fresh) += 1;
  }
  settle(store, args[1], found, fresh + moved > 0);
  if (!options.increment)
    return reply.integer(options.changed ? fresh + moved : fresh);
  if (last)
    reply.real(*last);
  else
    reply.null();
}

void remove(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::int64_t count = 0;
  for (std::size_t i = 2; found.value != nullptr && i < args.size(); ++i)
    count += found.value->erase(args[i]) ? 1 : 0;
  settle(store, args[1], found, count > 0);
  reply.integer(count);
}

void score(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  if (lower(args[0]) == "zmscore")
    reply.array(args.size() - 2);
  for (const auto& member : args.subspan(2)) {
    const auto value = found.value == nullptr ? std::nullopt : found.value->score(member);
    if (value)
      reply.real(*value);
    else
      reply.null();
  }
}

void count_all(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (!found.wrong)
    reply.size(found.value == nullptr ? 0 : found.value->size());
}

void rank(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  const auto value = found.value == nullptr ? std::nullopt : found.value->score(args[2]);
  if (!value)
    return reply.null();
  const auto& ranked = found.value->ranked();
  const auto before = std::distance(ranked.begin(), ranked.find({*value, args[2]}));
  const auto size = static_cast<std::int64_t>(ranked.size());
  reply.integer(lower(args[0]) == "zrevrank" ? size - 1 - before : before);
}

/// One end of a range of scores: `1.5`, `(1.5`, `-inf`.
struct Bound {
  double score = 0;
  bool open = false;
  [[nodiscard]] bool below(double value) const { return open ? score < value : score <= value; }
  [[nodiscard]] bool above(double value) const { return open ? score > value : score >= value; }
};

std::optional<Bound> bound(const std::string& text) {
  const bool open = text.starts_with('(');
  const auto score = to_real(open ? text.substr(1) : text);
  return score ? std::optional(Bound{*score, open}) : std::nullopt;
}

void answer(const std::vector<Member>& members, bool with_scores, RedisReply& reply) {
  if (!with_scores)
    reply.array(members.size());
  else
    reply.pairs(members.size());
  for (const auto& [value, member] : members) {
    if (with_scores)
      reply.pair();
    reply.bulk(member);
    if (with_scores)
      reply.real(value);
  }
}

struct RangeOptions {
  bool by_score = false, reversed = false, with_scores = false;
  std::int64_t offset = 0, limit = -1;
};

/// ZRANGE and its older kin; answers and returns nothing when the words after the range are not theirs.
std::optional<RangeOptions> range_options(Arguments args, RedisReply& reply) {
  const auto name = lower(args[0]);
  RangeOptions options;
  options.by_score = name.ends_with("byscore");
  options.reversed = name.starts_with("zrev");
  bool limited = false;
  for (std::size_t i = 4; i < args.size(); ++i) {
    const auto word = lower(args[i]);
    if (word == "withscores") {
      options.with_scores = true;
    } else if (word == "limit" && i + 2 < args.size()) {
      const auto offset = to_integer(args[i + 1]), limit = to_integer(args[i + 2]);
      if (!offset || !limit)
        return reply.error(no_integer), std::nullopt;
      options.offset = *offset;
      options.limit = *limit;
      limited = true;
      i += 2;
    } else if (word == "byscore" && name == "zrange") {
      options.by_score = true;
    } else if (word == "rev" && name == "zrange") {
      options.reversed = true;
    } else if (word == "bylex" && name == "zrange") {
      return reply.error("ERR the redis fake does not support BYLEX: use provider = \"server\" for it"), std::nullopt;
    } else {
      return reply.error(syntax), std::nullopt;
    }
  }
  if (limited && !options.by_score)
    return reply.error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"),
           std::nullopt;
  return options;
}

void range(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto options = range_options(args, reply);
  if (!options)
    return;
  // ZREVRANGEBYSCORE and REV name the greater end first. Both readings are tried; which one counts is known below.
  const auto low = bound(args[options->reversed ? 3 : 2]), high = bound(args[options->reversed ? 2 : 3]);
  const auto start = to_integer(args[2]), stop = to_integer(args[3]);
  if (options->by_score && (!low || !high))
    return reply.error("ERR min or max is not a float");
  if (!options->by_score && (!start || !stop))
    return reply.error(no_integer);
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::vector<Member> members;
  if (found.value != nullptr)
    for (const auto& member : found.value->ranked())
      if (!options->by_score || (low->below(member.first) && high->above(member.first)))
        members.push_back(member);
  if (options->reversed)
    std::reverse(members.begin(), members.end());
  auto part = options->by_score ? Range{0, members.size()} : range_of(*start, *stop, members.size());
  if (options->by_score) {
    part.begin = options->offset < 0 ? part.end : std::min(static_cast<std::size_t>(options->offset), part.end);
    if (options->limit >= 0)
      part.end = std::min(part.end, part.begin + static_cast<std::size_t>(options->limit));
  }
  answer({members.begin() + static_cast<std::ptrdiff_t>(part.begin),
          members.begin() + static_cast<std::ptrdiff_t>(part.end)},
         options->with_scores, reply);
}

/// ZCOUNT and ZREMRANGEBYSCORE.
void by_score(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto low = bound(args[2]), high = bound(args[3]);
  if (!low || !high)
    return reply.error("ERR min or max is not a float");
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::vector<std::string> members;
  if (found.value != nullptr)
    for (const auto& [value, member] : found.value->ranked())
      if (low->below(value) && high->above(value))
        members.push_back(member);
  if (lower(args[0]) == "zremrangebyscore") {
    for (const auto& member : members)
      found.value->erase(member);
    settle(store, args[1], found, !members.empty());
  }
  reply.size(members.size());
}

/// ZPOPMIN and ZPOPMAX.
void pop(RedisStore& store, Arguments args, RedisReply& reply) {
  if (args.size() > 3)
    return reply.error(syntax);
  const auto wanted = args.size() > 2 ? to_integer(args[2]) : std::optional<std::int64_t>(1);
  if (!wanted || *wanted < 0)
    return reply.error(not_positive);
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::vector<Member> taken;
  while (found.value != nullptr && !found.value->empty() && taken.size() < static_cast<std::size_t>(*wanted)) {
    const auto& ranked = found.value->ranked();
    taken.push_back(lower(args[0]) == "zpopmin" ? *ranked.begin() : *ranked.rbegin());
    found.value->erase(taken.back().second);
  }
  settle(store, args[1], found, !taken.empty());
  if (args.size() > 2)
    return answer(taken, true, reply);
  reply.array(taken.size() * 2); // without a count the pair is not nested
  for (const auto& [value, member] : taken) {
    reply.bulk(member);
    reply.real(value);
  }
}

void scan(RedisStore& store, Arguments args, RedisReply& reply) {
  const auto options = scan_options(args, 3, false, reply);
  if (!options)
    return;
  const auto found = find_as<RedisSortedSet>(store, args[1], reply);
  if (found.wrong)
    return;
  std::vector<Member> matching;
  if (found.value != nullptr)
    for (const auto& member : found.value->ranked())
      if (glob(options->pattern, member.second))
        matching.push_back(member);
  reply.array(2);
  reply.bulk("0");
  reply.array(matching.size() * 2);
  for (const auto& [value, member] : matching) {
    reply.bulk(member);
    reply.bulk(shown(value)); // a text in RESP3 as well
  }
}

} // namespace

void add_sorted_set_commands(CommandTable& table) {
  table["zadd"] = {-4, add};
  table["zincrby"] = {4, add};
  table["zrem"] = {-3, remove};
  table["zscore"] = {3, score};
  table["zmscore"] = {-3, score};
  table["zcard"] = {2, count_all};
  table["zrank"] = table["zrevrank"] = {3, rank};
  table["zrange"] = table["zrevrange"] = table["zrangebyscore"] = table["zrevrangebyscore"] = {-4, range};
  table["zcount"] = table["zremrangebyscore"] = {4, by_score};
  table["zscan"] = {-3, scan};
  table["zpopmin"] = table["zpopmax"] = {-2, pop};
}

} // namespace holdfast::fakes
