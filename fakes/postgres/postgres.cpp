#include "fakes/postgres/postgres.hpp"

#include "fakes/postgres/database.hpp"
#include "harness/protocol/postgres.hpp"

#include <fmt/format.h>

namespace holdfast::fakes {

namespace asio = boost::asio;

namespace {

/// What Parse and Query must know of a text before they run it.
struct ParsedText {
  std::vector<std::string> statements;
  int parameters; ///< the highest n of its `$n`

  static ParsedText from(const std::string& text) { return {split_statements(text), highest_parameter(text)}; }
};

} // namespace

struct PostgresFake::State {
  State(asio::any_io_executor executor, async::Clock& clock) : lock(std::move(executor), clock) {}
  WriteLock lock;
  MemoryFiles files;
  Remembered<ParsedText> texts;
  std::int32_t next_pid = 1;
};

namespace {

using Message = protocol::PostgresScanner::Message;

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4 && i < bytes.size(); ++i)
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Fields of a frontend message; what is missing reads as empty or zero and clears `good`.
class Fields {
public:
  explicit Fields(std::string_view body) : rest_(body) {}
  bool good = true;

  std::string text() {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos)
      return good = false, std::string{};
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }
  std::string bytes(std::size_t count) {
    if (rest_.size() < count)
      return good = false, std::string{};
    std::string value(rest_.substr(0, count));
    rest_.remove_prefix(count);
    return value;
  }
  std::int32_t i32() { return static_cast<std::int32_t>(read_u32(bytes(4))); }
  int i16() {
    const auto two = bytes(2);
    return good ? static_cast<unsigned char>(two[0]) << 8 | static_cast<unsigned char>(two[1]) : 0;
  }
  std::vector<int> formats() {
    std::vector<int> all;
    for (int i = i16(); i > 0 && good; --i)
      all.push_back(i16());
    return all;
  }

private:
  std::string_view rest_;
};

struct PreparedStatement {
  std::string sql;
  std::vector<int> types;
};

struct Portal {
  std::string sql;
  std::vector<Parameter> parameters;
  std::vector<int> formats;
  std::optional<Result> result; ///< after the first Execute
  std::size_t sent = 0;
};

class PostgresConnection final : public link::FakeConnection {
public:
  explicit PostgresConnection(std::shared_ptr<PostgresFake::State> state)
      : state_(std::move(state)), session_(state_->files, state_->lock), pid_(state_->next_pid++) {}

  asio::awaitable<void> receive(std::string_view bytes, std::string& reply) override {
    scanner_.append(bytes);
    while (!closed_) {
      const auto message = scanner_.next(!started_);
      if (!scanner_.error().empty()) {
        BackendWriter(reply).error({"08P01", scanner_.error()}, "FATAL");
        closed_ = true;
      }
      if (!message)
        break;
      if (!started_)
        start(*message, reply);
      else
        co_await handle({message->type, std::string(message->body)}, reply);
    }
  }
  bool closed() const override { return closed_; }

private:
  struct Owned {
    char type;
    std::string body;
  };

  void start(const Message& message, std::string& reply) {
    constexpr std::uint32_t version3 = 3U << 16U, cancel = 80877102, ssl = 80877103, gssenc = 80877104;
    const auto code = read_u32(message.body);
    BackendWriter out(reply);
    if (code == ssl || code == gssenc) {
      reply += 'N';
    } else if (code == cancel) {
      closed_ = true; // nothing runs that could be cancelled: statements end before the next message is read
    } else if (code >> 16U != version3 >> 16U) {
      out.error({"0A000", fmt::format("unsupported frontend protocol {}.{}", code >> 16U, code & 0xFFFFU)}, "FATAL");
      closed_ = true;
    } else {
      started_ = true;
      out.authentication_ok();
      for (const auto& [name, value] :
           {std::pair{"server_version", "15.0 (holdfast fake)"}, std::pair{"server_encoding", "UTF8"},
            std::pair{"client_encoding", "UTF8"}, std::pair{"DateStyle", "ISO, MDY"}, std::pair{"TimeZone", "Etc/UTC"},
            std::pair{"integer_datetimes", "on"}, std::pair{"standard_conforming_strings", "on"}})
        out.parameter(name, value);
      out.key(pid_, 0);
      out.ready('I');
    }
  }

  asio::awaitable<void> handle(Owned message, std::string& reply) {
    BackendWriter out(reply);
    if (skipping_ && message.type != 'S' && message.type != 'X')
      co_return; // after an error, until Sync
    switch (message.type) {
    case 'Q':
      co_await query(message.body, reply);
      break;
    case 'P':
      parse(message.body, out);
      break;
    case 'B':
      bind(message.body, out);
      break;
    case 'D':
      describe(message.body, out);
      break;
    case 'E':
      co_await execute(message.body, reply);
      break;
    case 'C':
      close(message.body, out);
      break;
    case 'S':
      skipping_ = false;
      if (auto error = session_.end_implicit())
        out.error(*error);
      if (session_.status() == 'I')
        portals_.clear();
      out.ready(session_.status());
      break;
    case 'H':
      break; // everything is sent at once anyway
    case 'X':
      closed_ = true;
      break;
    case 'F':
      session_.fail();
      out.error({"0A000", "the postgres fake does not support function calls"});
      out.ready(session_.status());
      break;
    case 'd':
    case 'c':
    case 'f':
      break; // COPY data after a refused COPY
    default:
      out.error({"08P01", fmt::format("invalid frontend message type {}", static_cast<int>(message.type))}, "FATAL");
      closed_ = true;
    }
  }

  void fail(BackendWriter& out, const SqlError& error) {
    session_.fail();
    out.error(error);
    skipping_ = true;
  }

  asio::awaitable<void> query(const std::string& body, std::string& reply) {
    Fields fields(body);
    const auto statements = state_->texts.of(fields.text(), ParsedText::from).statements;
    BackendWriter out(reply);
    if (statements.empty())
      out.simple('I');
    // Several statements in one message are one transaction, unless they say otherwise.
    for (const auto& statement : statements) {
      if (statements.size() > 1)
        session_.begin_implicit();
      auto outcome = co_await session_.execute(statement, {});
      if (const auto* error = std::get_if<SqlError>(&outcome)) {
        out.error(*error);
        break;
      }
      const auto& result = std::get<Result>(outcome);
      if (!result.columns.empty())
        out.columns(result.columns, {});
      for (const auto& row : result.rows)
        out.row(row);
      out.complete(result.tag);
    }
    if (auto error = session_.end_implicit())
      out.error(*error);
    out.ready(session_.status());
  }

  void parse(const std::string& body, BackendWriter& out) {
    Fields fields(body);
    const auto name = fields.text();
    const auto sql = fields.text();
    std::vector<int> types;
    for (int i = fields.i16(); i > 0 && fields.good; --i)
      types.push_back(fields.i32());
    if (!fields.good)
      return fail(out, {"08P01", "a malformed Parse message"});
    const auto& [statements, parameters] = state_->texts.of(sql, ParsedText::from);
    if (statements.size() > 1)
      return fail(out, {"42601", "cannot insert multiple commands into a prepared statement"});
    if (!name.empty() && statements_.contains(name))
      return fail(out, {"42P05", fmt::format("prepared statement \"{}\" already exists", name)});
    const auto highest = static_cast<std::size_t>(parameters);
    if (highest > 65535)
      return fail(out, {"42P02", fmt::format("there is no parameter ${}", highest)});
    types.resize(std::max(types.size(), highest));
    statements_[name] = {statements.empty() ? std::string{} : statements[0], types};
    out.simple('1');
  }

  void bind(const std::string& body, BackendWriter& out) {
    Fields fields(body);
    const auto portal = fields.text();
    const auto name = fields.text();
    const auto found = statements_.find(name);
    if (found == statements_.end())
      return fail(out, {"26000", fmt::format("prepared statement \"{}\" does not exist", name)});
    const auto formats = fields.formats();
    Portal bound{found->second.sql, {}, {}, std::nullopt, 0};
    for (int i = 0, count = fields.i16(); i < count && fields.good; ++i) {
      const auto index = static_cast<std::size_t>(i);
      Parameter parameter{std::nullopt, BackendWriter::format_of(formats, index),
                          index < found->second.types.size() ? found->second.types[index] : 0};
      if (const auto length = fields.i32(); length >= 0)
        parameter.value = fields.bytes(static_cast<std::size_t>(length));
      bound.parameters.push_back(std::move(parameter));
    }
    bound.formats = fields.formats();
    if (!fields.good)
      return fail(out, {"08P01", "a malformed Bind message"});
    if (bound.parameters.size() != found->second.types.size())
      return fail(
          out, {"08P01", fmt::format("bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                                     bound.parameters.size(), name, found->second.types.size())});
    portals_[portal] = std::move(bound);
    out.simple('2');
  }

  void describe(const std::string& body, BackendWriter& out) {
    const auto name = body.size() > 1 ? Fields(std::string_view(body).substr(1)).text() : std::string{};
    std::string sql;
    std::vector<int> formats;
    if (body.starts_with('S')) {
      const auto found = statements_.find(name);
      if (found == statements_.end())
        return fail(out, {"26000", fmt::format("prepared statement \"{}\" does not exist", name)});
      sql = found->second.sql;
      auto types = found->second.types;
      std::replace(types.begin(), types.end(), 0, 25);
      out.parameters(types);
    } else {
      const auto found = portals_.find(name);
      if (found == portals_.end())
        return fail(out, {"34000", fmt::format("portal \"{}\" does not exist", name)});
      sql = found->second.sql;
      formats = found->second.formats;
    }
    auto described = session_.describe(sql);
    if (const auto* error = std::get_if<SqlError>(&described)) {
      session_.fail();
      return fail(out, *error);
    }
    const auto& columns = std::get<std::vector<Column>>(described);
    if (columns.empty())
      out.simple('n');
    else
      out.columns(columns, formats);
  }

  asio::awaitable<void> execute(const std::string& body, std::string& reply) {
    Fields fields(body);
    const auto name = fields.text();
    const auto limit = static_cast<std::size_t>(std::max(0, fields.i32()));
    BackendWriter out(reply);
    const auto found = portals_.find(name);
    if (found == portals_.end())
      co_return fail(out, {"34000", fmt::format("portal \"{}\" does not exist", name)});
    if (found->second.sql.empty())
      co_return out.simple('I');
    if (!found->second.result) {
      session_.begin_implicit(); // until Sync
      auto outcome = co_await session_.execute(found->second.sql, found->second.parameters);
      if (const auto* error = std::get_if<SqlError>(&outcome))
        co_return fail(out, *error);
      found->second.result = std::move(std::get<Result>(outcome));
    }
    auto& portal = found->second;
    const auto& result = *portal.result;
    for (std::size_t i = 0; i < portal.formats.size(); ++i)
      if (portal.formats[i] == 1 && !encodable(result, i, portal.formats.size()))
        co_return fail(out, {"0A000", "the postgres fake sends binary results for integers, booleans and text only"});
    std::size_t count = 0;
    while (portal.sent < result.rows.size() && (limit == 0 || count < limit)) {
      out.row(encoded(result, result.rows[portal.sent], portal.formats));
      ++portal.sent;
      ++count;
    }
    if (portal.sent < result.rows.size())
      co_return out.simple('s');
    out.complete(result.tag);
  }

  static bool is_encodable(int type) {
    return type == 16 || type == 20 || type == 21 || type == 23 || type == 25 || type == 1043;
  }
  static bool encodable(const Result& result, std::size_t index, std::size_t formats) {
    if (formats > 1)
      return index >= result.columns.size() || is_encodable(result.columns[index].type);
    return std::all_of(result.columns.begin(), result.columns.end(),
                       [](const Column& one) { return is_encodable(one.type); });
  }

  static std::vector<std::optional<std::string>>
  encoded(const Result& result, std::vector<std::optional<std::string>> row, const std::vector<int>& formats) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!row[i] || BackendWriter::format_of(formats, i) == 0)
        continue;
      const int type = result.columns[i].type;
      if (type == 16) {
        row[i] = std::string(1, *row[i] == "t" ? '\1' : '\0');
      } else if (type == 20 || type == 21 || type == 23) {
        const auto value = std::strtoll(row[i]->c_str(), nullptr, 10);
        if (type == 21)
          row[i] = BackendWriter::i16(static_cast<int>(value));
        else if (type == 23)
          row[i] = BackendWriter::i32(static_cast<std::int32_t>(value));
        else
          row[i] = BackendWriter::i32(static_cast<std::int32_t>(value >> 32)) +
                   BackendWriter::i32(static_cast<std::int32_t>(value));
      }
    }
    return row;
  }

  void close(const std::string& body, BackendWriter& out) {
    const auto name = body.size() > 1 ? Fields(std::string_view(body).substr(1)).text() : std::string{};
    if (body.starts_with('S'))
      statements_.erase(name);
    else
      portals_.erase(name);
    out.simple('3');
  }

  std::shared_ptr<PostgresFake::State> state_;
  Session session_;
  std::int32_t pid_;
  protocol::PostgresScanner scanner_;
  bool started_ = false;
  bool closed_ = false;
  bool skipping_ = false;
  std::map<std::string, PreparedStatement> statements_;
  std::map<std::string, Portal> portals_;
};

} // namespace

PostgresFake::PostgresFake(asio::any_io_executor executor, async::Clock& clock)
    : state_(std::make_shared<State>(std::move(executor), clock)) {}
PostgresFake::~PostgresFake() = default;

std::unique_ptr<link::FakeConnection> PostgresFake::connect() {
  return std::make_unique<PostgresConnection>(state_);
}

} // namespace holdfast::fakes
