// How one client's bytes become commands, in this order: is the command known and complete, does it wait for EXEC, does
// it fit into the memory. Commands about the connection itself are answered here and in greeting.cpp, those about data
// by the functions of `redis_commands`.
#include "fakes/redis/connection.hpp"

#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <set>
#include <utility>

namespace holdfast::fakes {

using protocol::lower;

namespace {

bool fits(int arity, std::size_t count) {
  return arity < 0 ? count >= static_cast<std::size_t>(-arity) : count == static_cast<std::size_t>(arity);
}

/// Commands that Redis refuses when its memory is full (flagged "denyoom"). Deletes are not among them: a client must
/// be able to make room.
bool grows_data(const std::string& name) {
  static const std::set<std::string> all = {
      "set",         "setex",        "psetex",     "setnx",       "getset",      "mset",       "msetnx",
      "append",      "setrange",     "incr",       "incrby",      "decr",        "decrby",     "incrbyfloat",
      "hset",        "hmset",        "hsetnx",     "hincrby",     "lpush",       "rpush",      "lpushx",
      "rpushx",      "linsert",      "lset",       "lmove",       "rpoplpush",   "sadd",       "smove",
      "zadd",        "zincrby",      "copy",       "sinterstore", "sunionstore", "sdiffstore", "zunionstore",
      "zinterstore", "hincrbyfloat", "zrangestore"};
  return all.contains(name);
}

/// The error for a command that nobody knows, in Redis's own words: client libraries look for them.
std::string unknown(Arguments arguments) {
  auto text = fmt::format("ERR unknown command '{:.128}', with args beginning with: ", arguments[0]);
  for (const auto& argument : arguments.subspan(1)) {
    if (text.size() >= 128)
      break;
    text += fmt::format("'{:.{}}' ", argument, 128 - text.size());
  }
  return text;
}

} // namespace

const std::unordered_map<std::string, RedisConnection::Own>& RedisConnection::own_commands() {
  using Self = RedisConnection;
  static const std::unordered_map<std::string, Own> all = {
      {"hello", {-1, &Self::hello}},        {"auth", {-2, &Self::auth}},
      {"client", {-2, &Self::client}},      {"select", {2, &Self::select}},
      {"reset", {1, &Self::reset, false}},  {"quit", {-1, &Self::quit, false}},
      {"ping", {-1, &Self::ping}},          {"echo", {2, &Self::echo}},
      {"info", {-1, &Self::info}},          {"time", {1, &Self::time}},
      {"flushall", {-1, &Self::flush_all}}, {"multi", {1, &Self::begin, false}},
      {"exec", {1, &Self::commit, false}},  {"discard", {1, &Self::discard, false}},
      {"watch", {-2, &Self::watch, false}}, {"unwatch", {1, &Self::unwatch}}};
  return all;
}

/// Counts what commands may have added instead of measuring at each of them. The count only grows, deletes included, so
/// the fake refuses a command at most that much too early, until the next measurement.
bool RedisServer::is_full(std::size_t growth) {
  constexpr std::size_t measured_every = 32U << 20U; // measuring walks through all data
  grown += growth;
  if (grown > measured_every) {
    used = 0;
    grown = growth;
    for (const auto& store : databases)
      used += store.memory();
  }
  return used + grown > most_memory;
}

boost::asio::awaitable<link::FakeConnection::Taken> RedisConnection::receive(std::string_view more,
                                                                             std::string& reply) {
  const auto taken = std::exchange(rest_, {}) + std::string(more);
  std::string_view bytes(taken);
  while (!bytes.empty() && !closed_) {
    // The client does not read its answers: the commands it has sent wait here until it does.
    if (reply.size() > reply_room) {
      rest_ = bytes;
      co_return Taken::some;
    }
    bytes.remove_prefix(scanner_.feed(bytes));
    if (!scanner_.error().empty()) {
      RedisReply(reply, version_).error("ERR Protocol error: " + scanner_.error());
      closed_ = true;
    } else if (scanner_.complete()) {
      if (!scanner_.arguments().empty())
        execute(scanner_.arguments(), reply);
      scanner_.reset();
    }
  }
  co_return Taken::all;
}

void RedisConnection::execute(Arguments arguments, std::string& out) {
  const auto name = lower(arguments[0]);
  RedisReply reply(out, version_);
  if (!acceptable(name, arguments, reply)) {
    // Inside of MULTI an unknown or incomplete command makes EXEC refuse the whole transaction.
    poisoned_ = queueing_;
    return;
  }
  const auto own = own_commands().find(name);
  if (queueing_ && (own == own_commands().end() || own->second.queues)) {
    for (const auto& argument : arguments)
      queued_ += argument.size();
    // The data of a queue is not counted by `is_full`: without this a client could queue without end.
    if (queued_ > RedisServer::most_memory / 4) {
      poisoned_ = true;
      return reply.error("OOM command not allowed when used memory > 'maxmemory'.");
    }
    queue_.emplace_back(arguments.begin(), arguments.end());
    return reply.status("QUEUED");
  }
  run(name, arguments, out);
}

bool RedisConnection::acceptable(const std::string& name, Arguments arguments, RedisReply& reply) {
  const auto data = redis_commands().find(name);
  const auto own = own_commands().find(name);
  const bool has_data = data != redis_commands().end();
  if (!has_data && own == own_commands().end()) {
    if (only_redis_knows(name))
      reply.error(fmt::format("ERR the redis fake does not support '{}': use provider = \"server\" for it", name));
    else
      reply.error(unknown(arguments));
    return false;
  }
  if (fits(has_data ? data->second.arity : own->second.arity, arguments.size()))
    return true;
  const auto error = redis::wrong_arity(name);
  reply.error(name == "exec" ? "EXECABORT Transaction discarded because of: " + error.substr(4) : error);
  return false;
}

void RedisConnection::run(const std::string& name, Arguments arguments, std::string& out) {
  if (const auto data = redis_commands().find(name); data != redis_commands().end()) {
    RedisReply reply(out, version_);
    if (grows_data(name)) {
      std::size_t growth = 0;
      for (const auto& argument : arguments)
        growth += argument.size();
      if (name == "setrange") // the gap before it is filled
        growth += static_cast<std::size_t>(
            std::clamp<std::int64_t>(redis::to_integer(arguments[2]).value_or(0), 0, INT32_MAX));
      if (server_.is_full(growth))
        return reply.error("OOM command not allowed when used memory > 'maxmemory'.");
    }
    data->second.run(store(), arguments, reply);
  } else {
    (this->*own_commands().at(name).run)(arguments, out);
  }
}

void RedisConnection::begin(Arguments, std::string& out) {
  RedisReply reply(out, version_);
  if (queueing_)
    return reply.error("ERR MULTI calls can not be nested");
  queueing_ = true;
  reply.status("OK");
}

void RedisConnection::end_transaction() {
  queueing_ = poisoned_ = false;
  queued_ = 0;
  queue_.clear();
  watched_.clear();
}

void RedisConnection::discard(Arguments, std::string& out) {
  RedisReply reply(out, version_);
  if (!queueing_)
    return reply.error("ERR DISCARD without MULTI");
  end_transaction();
  reply.status("OK");
}

/// Nothing else runs between the commands of the queue: all connections share one thread. EXEC ends the transaction
/// before it runs anything, so that what it runs is answered directly and not queued again.
void RedisConnection::commit(Arguments, std::string& out) {
  RedisReply reply(out, version_);
  if (!queueing_)
    return reply.error("ERR EXEC without MULTI");
  const bool moved = std::any_of(watched_.begin(), watched_.end(),
                                 [](const Watched& one) { return one.store->version(one.key) != one.version; });
  const auto queue = std::move(queue_);
  const bool poisoned = poisoned_;
  end_transaction();
  if (poisoned)
    return reply.error("EXECABORT Transaction discarded because of previous errors.");
  if (moved)
    return reply.null_array();
  reply.array(queue.size());
  for (const auto& arguments : queue)
    run(lower(arguments[0]), arguments, out);
}

/// Remembers the version of each key's last write; EXEC compares. A key that is not there has version 0.
void RedisConnection::watch(Arguments arguments, std::string& out) {
  RedisReply reply(out, version_);
  if (queueing_)
    return reply.error("ERR WATCH inside MULTI is not allowed");
  for (const auto& key : arguments.subspan(1))
    watched_.push_back({&store(), key, store().version(key)});
  reply.status("OK");
}

void RedisConnection::unwatch(Arguments, std::string& out) {
  watched_.clear();
  RedisReply(out, version_).status("OK");
}

} // namespace holdfast::fakes
