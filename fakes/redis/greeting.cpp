// What a connection says about itself and the server: HELLO, AUTH, CLIENT, SELECT, INFO and their kin.
#include "fakes/redis/connection.hpp"
#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace holdfast::fakes {

using protocol::lower;

namespace {

constexpr auto no_password_set = "ERR AUTH <password> called without any password configured for the default user. Are "
                                 "you sure your configuration is correct?";
constexpr auto wrong_password = "WRONGPASS invalid username-password pair or user is disabled.";
constexpr auto bad_name = "ERR Client names cannot contain spaces, newlines or special characters.";

bool is_plain(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

} // namespace

/// All options are checked before any takes effect: after an error the connection speaks the version it spoke before.
void RedisConnection::hello(Arguments arguments, std::string& out) {
  int version = version_;
  std::optional<std::string> name;
  RedisReply refusal(out, version_);
  if (arguments.size() > 1) {
    const auto wanted = redis::to_integer(arguments[1]);
    if (!wanted)
      return refusal.error("ERR Protocol version is not an integer or out of range");
    if (*wanted != 2 && *wanted != 3)
      return refusal.error("NOPROTO unsupported protocol version");
    version = static_cast<int>(*wanted);
  }
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const auto option = lower(arguments[i]);
    if (option == "auth" && i + 2 < arguments.size()) {
      if (arguments[i + 1] != "default")
        return refusal.error(wrong_password);
      i += 2;
    } else if (option == "setname" && i + 1 < arguments.size()) {
      name = arguments[++i];
      if (!is_plain(*name))
        return refusal.error(bad_name);
    } else {
      return refusal.error(fmt::format("ERR Syntax error in HELLO option '{}'", arguments[i]));
    }
  }
  version_ = version;
  if (name)
    name_ = *name;
  RedisReply reply(out, version_);
  reply.map(7);
  reply.bulk("server"), reply.bulk("redis");
  reply.bulk("version"), reply.bulk("7.0.15");
  reply.bulk("proto"), reply.integer(version_);
  reply.bulk("id"), reply.integer(id_);
  reply.bulk("mode"), reply.bulk("standalone");
  reply.bulk("role"), reply.bulk("master");
  reply.bulk("modules"), reply.array(0);
}

/// Answers as a server that has no password and one user, "default". Any password is right for it.
void RedisConnection::auth(Arguments arguments, std::string& out) {
  RedisReply reply(out, version_);
  if (arguments.size() > 3)
    return reply.error(redis::syntax);
  if (arguments.size() == 2)
    return reply.error(no_password_set);
  if (arguments[1] != "default")
    return reply.error(wrong_password);
  reply.status("OK");
}

void RedisConnection::client(Arguments arguments, std::string& out) {
  RedisReply reply(out, version_);
  const auto what = lower(arguments[1]);
  const auto takes = [&](std::size_t count) {
    if (arguments.size() != count)
      reply.error(redis::wrong_arity("client|" + what));
    return arguments.size() == count;
  };
  if (what == "id") {
    if (takes(2))
      reply.integer(id_);
  } else if (what == "getname") {
    if (!takes(2))
      return;
    if (name_.empty())
      reply.null();
    else
      reply.bulk(name_);
  } else if (what == "setname") {
    if (!takes(3))
      return;
    if (!is_plain(arguments[2]))
      return reply.error(bad_name);
    name_ = arguments[2];
    reply.status("OK");
  } else if (what == "no-evict") {
    if (takes(3))
      reply.status("OK");                               // nothing is ever evicted
  } else if (what == "setinfo" || what == "no-touch") { // newer than the version that the fake is
    reply.error(fmt::format("ERR unknown subcommand '{}'. Try CLIENT HELP.", arguments[1]));
  } else {
    reply.error(fmt::format("ERR the redis fake does not support CLIENT {}: use provider = \"server\" for it", what));
  }
}

void RedisConnection::select(Arguments arguments, std::string& out) {
  RedisReply reply(out, version_);
  const auto number = redis::to_integer(arguments[1]);
  if (!number)
    return reply.error(redis::no_integer);
  if (*number < 0 || static_cast<std::size_t>(*number) >= server_.databases.size())
    return reply.error("ERR DB index is out of range");
  database_ = static_cast<std::size_t>(*number);
  reply.status("OK");
}

/// Brings the connection back to how it began, for pools that hand it on to another user.
void RedisConnection::reset(Arguments, std::string& out) {
  end_transaction();
  version_ = 2;
  database_ = 0;
  name_.clear();
  RedisReply(out, version_).status("RESET");
}

void RedisConnection::quit(Arguments, std::string& out) {
  RedisReply(out, version_).status("OK");
  closed_ = true;
}

void RedisConnection::ping(Arguments arguments, std::string& out) {
  RedisReply reply(out, version_);
  if (arguments.size() > 2)
    reply.error(redis::wrong_arity("ping"));
  else if (arguments.size() == 2)
    reply.bulk(arguments[1]);
  else
    reply.status("PONG");
}

void RedisConnection::echo(Arguments arguments, std::string& out) {
  RedisReply(out, version_).bulk(arguments[1]);
}

void RedisConnection::info(Arguments, std::string& out) {
  RedisReply(out, version_)
      .bulk(
          "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nloading:0\r\n# Replication\r\nrole:master\r\n");
}

void RedisConnection::time(Arguments, std::string& out) {
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  RedisReply reply(out, version_);
  reply.array(2);
  reply.bulk(std::to_string(now / 1000000));
  reply.bulk(std::to_string(now % 1000000));
}

void RedisConnection::flush_all(Arguments arguments, std::string& out) {
  RedisReply reply(out, version_);
  if (arguments.size() > 2 ||
      (arguments.size() == 2 && lower(arguments[1]) != "sync" && lower(arguments[1]) != "async"))
    return reply.error(redis::syntax);
  for (auto& database : server_.databases)
    database.clear();
  reply.status("OK");
}

} // namespace holdfast::fakes
