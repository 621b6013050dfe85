// One client's conversation with the postgres fake: startup, simple and extended queries.
#pragma once

#include "fakes/postgres/session.hpp"
#include "harness/link/fake.hpp"
#include "harness/protocol/postgres.hpp"

namespace holdfast::fakes::pg {

class Connection final : public link::FakeConnection {
public:
  explicit Connection(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  boost::asio::awaitable<Taken> receive(std::string_view bytes, std::string& reply) override;
  [[nodiscard]] bool closed() const override { return closed_; }

private:
  struct Message {
    char type;
    std::string body;
  };
  struct Portal {
    std::shared_ptr<Statement> statement;
    std::vector<Value> values;
    std::vector<int> formats;
    std::optional<Result> result; ///< after the first Execute
    std::size_t sent = 0;
  };

  void start(std::string_view body, std::string& reply);
  void open(std::string_view parameters, BackendWriter& out);
  void cancel(std::string_view body);
  boost::asio::awaitable<void> answer(Message message, std::string& reply);
  /// A SqlFailure that it throws is sent as the answer, by `answer`.
  boost::asio::awaitable<void> handle(Message message, std::string& reply);
  boost::asio::awaitable<void> query(std::string body, std::string& reply);
  boost::asio::awaitable<void> execute(std::string body, std::string& reply);
  void parse(std::string_view body, BackendWriter& out);
  void bind(std::string_view body, BackendWriter& out);
  void describe(std::string_view body, BackendWriter& out);
  void close(std::string_view body, BackendWriter& out);
  void fail(BackendWriter& out, const SqlError& error);
  void ready(BackendWriter& out);
  /// Answers with a FATAL error and closes the connection.
  void end(BackendWriter& out, const SqlError& error);
  /// True when another session has ended this one (pg_terminate_backend); the client has been told and the connection
  /// closed.
  bool has_ended(BackendWriter& out, const SqlError& error);
  static void rows(BackendWriter& out, const Result& result, const std::vector<int>& formats, std::size_t from,
                   std::size_t to);

  std::shared_ptr<Server> server_;
  std::unique_ptr<Session> session_; ///< from the startup packet on
  protocol::PostgresScanner scanner_;
  bool closed_ = false;
  bool skipping_ = false;
  std::uint64_t reported_ = 0; ///< the version of the settings that the client knows
  std::vector<std::pair<std::string, std::string>> told_;
  std::map<std::string, std::shared_ptr<Statement>> statements_;
  std::map<std::string, Portal> portals_;
};

} // namespace holdfast::fakes::pg
