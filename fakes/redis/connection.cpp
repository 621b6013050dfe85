#include "fakes/redis/connection.hpp"

#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace holdfast::fakes {

using protocol::lower;

namespace {

bool fits(int arity, std::size_t count) {
  return arity < 0 ? count >= static_cast<std::size_t>(-arity) : count == static_cast<std::size_t>(arity);
}

/// In Redis's own words.
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

boost::asio::awaitable<void> RedisConnection::receive(std::string_view bytes, std::string& reply) {
  while (!bytes.empty() && !closed_) {
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
  co_return;
}

void RedisConnection::execute(Arguments arguments, std::string& out) {
  const auto name = lower(arguments[0]);
  RedisReply reply(out, version_);
  if (!acceptable(name, arguments, reply)) {
    poisoned_ = queueing_;
    return;
  }
  const auto own = own_commands().find(name);
  if (queueing_ && (own == own_commands().end() || own->second.queues)) {
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
