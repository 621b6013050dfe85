// One client's conversation with the redis fake: protocol version, database, MULTI and WATCH.
#pragma once

#include "fakes/redis/commands.hpp"
#include "harness/link/fake.hpp"
#include "harness/protocol/resp.hpp"

#include <vector>

namespace holdfast::fakes {

/// What all connections of one fake share.
struct RedisServer {
  /// Beyond this what would grow it is refused, as Redis does at its `maxmemory`.
  static constexpr std::size_t most_memory = 64U << 20U;

  std::vector<RedisStore> databases; ///< numbered from 0
  std::int64_t next_client = 1;
  std::size_t grown = 0; ///< at most so much since `used` was measured
  std::size_t used = 0;

  /// A command that may grow the data by so many bytes would leave too much.
  [[nodiscard]] bool is_full(std::size_t growth);
};

class RedisConnection final : public link::FakeConnection {
public:
  explicit RedisConnection(RedisServer& server) : server_(server), id_(server.next_client++) {}

  boost::asio::awaitable<Taken> receive(std::string_view bytes, std::string& reply) override;
  [[nodiscard]] bool closed() const override { return closed_; }

private:
  using Handler = void (RedisConnection::*)(Arguments, std::string&);
  struct Own {
    int arity = 1;
    Handler run = nullptr;
    bool queues = true; ///< waits for EXEC inside of MULTI
  };
  static const std::unordered_map<std::string, Own>& own_commands();

  void execute(Arguments arguments, std::string& out);
  /// Runs a command that has passed `acceptable`.
  void run(const std::string& name, Arguments arguments, std::string& out);
  /// Answers what is wrong with a command that cannot be run.
  [[nodiscard]] static bool acceptable(const std::string& name, Arguments arguments, RedisReply& reply);

  void hello(Arguments arguments, std::string& out);
  void auth(Arguments arguments, std::string& out);
  void client(Arguments arguments, std::string& out);
  void select(Arguments arguments, std::string& out);
  void reset(Arguments arguments, std::string& out);
  void quit(Arguments arguments, std::string& out);
  void ping(Arguments arguments, std::string& out);
  void echo(Arguments arguments, std::string& out);
  void info(Arguments arguments, std::string& out);
  void time(Arguments arguments, std::string& out);
  void flush_all(Arguments arguments, std::string& out);
  void begin(Arguments arguments, std::string& out);
  void commit(Arguments arguments, std::string& out);
  void discard(Arguments arguments, std::string& out);
  void watch(Arguments arguments, std::string& out);
  void unwatch(Arguments arguments, std::string& out);
  void end_transaction();
  [[nodiscard]] RedisStore& store() { return server_.databases[database_]; }
  std::size_t queued_ = 0; ///< bytes of what waits for EXEC
  std::string rest_;       ///< bytes that came while the client had not read

  struct Watched {
    RedisStore* store;
    std::string key;
    std::uint64_t version;
  };

  RedisServer& server_;
  std::int64_t id_;
  protocol::RespScanner scanner_{protocol::RespScanner::Expect::command, 512U << 20U}; // Redis's own limit of a value
  int version_ = 2;
  std::size_t database_ = 0;
  std::string name_;
  bool closed_ = false;
  bool queueing_ = false;
  bool poisoned_ = false;
  std::vector<std::vector<std::string>> queue_;
  std::vector<Watched> watched_;
};

} // namespace holdfast::fakes
