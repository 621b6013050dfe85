#include "fakes/redis/redis.hpp"

#include "fakes/redis/commands.hpp"
#include "harness/protocol/resp.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes {

namespace asio = boost::asio;
using protocol::lower;

RedisStore::Entry* RedisStore::find(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end())
    return nullptr;
  if (found->second.expires && *found->second.expires <= clock_.now()) {
    entries_.erase(found);
    ++writes_;
    return nullptr;
  }
  return &found->second;
}

RedisStore::Entry& RedisStore::put(const std::string& key, std::variant<std::string, Hash> value) {
  auto& entry = entries_[key];
  entry = Entry{std::move(value), std::nullopt, ++writes_};
  return entry;
}

void RedisStore::touch(const std::string& key) {
  if (auto* entry = find(key))
    entry->version = ++writes_;
}

bool RedisStore::erase(const std::string& key) {
  if (find(key) == nullptr)
    return false;
  entries_.erase(key);
  ++writes_;
  return true;
}

void RedisStore::clear() {
  entries_.clear();
  ++writes_;
}

std::uint64_t RedisStore::version(const std::string& key) {
  const auto* entry = find(key);
  return entry == nullptr ? 0 : entry->version;
}

std::vector<std::string> RedisStore::keys() {
  std::vector<std::string> all;
  for (const auto& [key, entry] : entries_)
    if (!entry.expires || *entry.expires > clock_.now())
      all.push_back(key);
  return all;
}

namespace {

class RedisConnection final : public link::FakeConnection {
public:
  explicit RedisConnection(RedisStore& store) : store_(store) {}

  asio::awaitable<void> receive(std::string_view bytes, std::string& reply) override {
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
  bool closed() const override { return closed_; }

private:
  void execute(const std::vector<std::string>& arguments, std::string& out) {
    const auto name = lower(arguments[0]);
    RedisReply reply(out, version_);
    if (name == "quit")
      return reply.status("OK"), void(closed_ = true);
    if (name == "multi")
      return begin(reply);
    if (name == "exec")
      return commit(out);
    if (name == "discard")
      return discard(reply);
    if (name == "watch" || name == "unwatch")
      return watch(name, arguments, reply);
    if (queueing_)
      return enqueue(name, arguments, reply);
    run(name, arguments, out);
  }

  void run(const std::string& name, const std::vector<std::string>& arguments, std::string& out) {
    RedisReply reply(out, version_);
    if (name == "hello")
      return hello(arguments, out);
    if (name == "auth")
      return reply.status("OK"); // the fake has one user, who may do everything
    if (name == "select") {
      if (arguments.size() == 2 && arguments[1] == "0")
        return reply.status("OK");
      return reply.error("ERR the redis fake has one database, number 0");
    }
    if (name == "client")
      return client(arguments, reply);
    if (name == "reset")
      return version_ = 2, reply.status("RESET");
    const auto* command = known(name, arguments, reply);
    if (command != nullptr)
      command->run(store_, arguments, reply);
  }

  static const Command* known(const std::string& name, const std::vector<std::string>& arguments, RedisReply& reply) {
    const auto found = redis_commands().find(name);
    if (found == redis_commands().end()) {
      reply.error(fmt::format("ERR the redis fake does not know '{}': use provider = \"server\" for it", name));
      return nullptr;
    }
    if (arguments.size() < found->second.min || arguments.size() > found->second.max) {
      reply.error(fmt::format("ERR wrong number of arguments for '{}' command", name));
      return nullptr;
    }
    return &found->second;
  }

  void hello(const std::vector<std::string>& arguments, std::string& out) {
    if (arguments.size() > 1) {
      if (arguments[1] != "2" && arguments[1] != "3")
        return RedisReply(out, version_).error("NOPROTO unsupported protocol version");
      version_ = arguments[1] == "3" ? 3 : 2;
    }
    RedisReply reply(out, version_);
    reply.map(6);
    reply.bulk("server"), reply.bulk("redis");
    reply.bulk("version"), reply.bulk("7.0.15");
    reply.bulk("proto"), reply.integer(version_);
    reply.bulk("id"), reply.integer(1);
    reply.bulk("mode"), reply.bulk("standalone");
    reply.bulk("role"), reply.bulk("master");
  }

  static void client(const std::vector<std::string>& arguments, RedisReply& reply) {
    const auto what = arguments.size() > 1 ? lower(arguments[1]) : std::string{};
    if (what == "setname" || what == "setinfo" || what == "no-evict" || what == "no-touch")
      return reply.status("OK");
    if (what == "id")
      return reply.integer(1);
    if (what == "getname")
      return reply.null();
    reply.error(fmt::format("ERR the redis fake does not know CLIENT {}", what));
  }

  void begin(RedisReply& reply) {
    if (queueing_)
      return reply.error("ERR MULTI calls can not be nested");
    queueing_ = true;
    reply.status("OK");
  }

  void enqueue(const std::string& name, const std::vector<std::string>& arguments, RedisReply& reply) {
    if (name != "client" && name != "select" && known(name, arguments, reply) == nullptr) {
      poisoned_ = true;
      return;
    }
    queue_.push_back(arguments);
    reply.status("QUEUED");
  }

  void end_transaction() {
    queueing_ = poisoned_ = false;
    queue_.clear();
    watched_.clear();
  }

  void discard(RedisReply& reply) {
    if (!queueing_)
      return reply.error("ERR DISCARD without MULTI");
    end_transaction();
    reply.status("OK");
  }

  void commit(std::string& out) {
    RedisReply reply(out, version_);
    if (!queueing_)
      return reply.error("ERR EXEC without MULTI");
    const bool moved = std::any_of(watched_.begin(), watched_.end(),
                                   [&](const auto& one) { return store_.version(one.first) != one.second; });
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

  void watch(const std::string& name, const std::vector<std::string>& arguments, RedisReply& reply) {
    if (queueing_ && name == "watch")
      return reply.error("ERR WATCH inside MULTI is not allowed");
    if (name == "unwatch")
      watched_.clear();
    for (std::size_t i = 1; i < arguments.size(); ++i)
      watched_.emplace_back(arguments[i], store_.version(arguments[i]));
    reply.status("OK");
  }

  RedisStore& store_;
  protocol::RespScanner scanner_{protocol::RespScanner::Expect::command, 512U << 20U}; // Redis's own limit of a value
  int version_ = 2;
  bool closed_ = false;
  bool queueing_ = false;
  bool poisoned_ = false;
  std::vector<std::vector<std::string>> queue_;
  std::vector<std::pair<std::string, std::uint64_t>> watched_;
};

} // namespace

std::unique_ptr<link::FakeConnection> RedisFake::connect() {
  return std::make_unique<RedisConnection>(store_);
}

} // namespace holdfast::fakes
