// Cuts a client's bytes into messages and answers them one at a time: startup and cancel requests, the simple query
// protocol, and what both protocols share (errors, ReadyForQuery). The extended protocol's messages are in
// extended.cpp.
#include "fakes/postgres/connection.hpp"

#include "fakes/postgres/fields.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

namespace holdfast::fakes::pg {

using boost::asio::awaitable;

namespace {

/// "-c name=value --name=value …", as PGOPTIONS has it.
void set_options(Settings& settings, const std::string& options) {
  std::istringstream words(options);
  for (std::string word; words >> word;) {
    if (word == "-c" && !(words >> word))
      break;
    if (word.starts_with("-c"))
      word.erase(0, 2);
    if (word.starts_with("--"))
      word.erase(0, 2);
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      unsupported("the option " + word);
    auto name = word.substr(0, equals);
    std::replace(name.begin(), name.end(), '-', '_');
    settings.set(name, word.substr(equals + 1), Settings::Scope::session);
  }
}

} // namespace

/// Until a session exists, messages are startup packets, which have no type byte: the scanner must be told each time.
awaitable<link::FakeConnection::Taken> Connection::receive(std::string_view bytes, std::string& reply) {
  scanner_.append(bytes);
  while (!closed_) {
    if (reply.size() > reply_room)
      co_return Taken::some; // what is left stays in the scanner
    const auto message = scanner_.next(session_ == nullptr);
    if (!scanner_.error().empty()) {
      BackendWriter out(reply);
      end(out, {"08P01", scanner_.error()});
    }
    if (!message)
      break;
    if (session_ == nullptr)
      start(message->body, reply);
    else
      co_await answer({message->type, std::string(message->body)}, reply);
  }
  co_return Taken::all;
}

void Connection::end(BackendWriter& out, const SqlError& error) {
  out.error(error, "FATAL");
  closed_ = true;
}

/// pg_terminate_backend ends a session with a FATAL error and a closed connection; without this the client would get
/// an ordinary error and go on.
bool Connection::has_ended(BackendWriter& out, const SqlError& error) {
  if (!session_->ended())
    return false;
  end(out, error);
  return true;
}

/// The first message: a wish for encryption, a cancel request on a connection of its own, or the real startup.
void Connection::start(std::string_view body, std::string& reply) {
  constexpr std::uint32_t version3 = 3U << 16U, cancel_request = 80877102, ssl = 80877103, gssenc = 80877104;
  const auto code = read_u32(body);
  BackendWriter out(reply);
  // 'N' is no: the client goes on in the clear on the same connection, with another startup packet.
  if (code == ssl || code == gssenc)
    reply += 'N';
  else if (code == cancel_request)
    cancel(body);
  else if (code >> 16U != version3 >> 16U)
    end(out, {"0A000", fmt::format("unsupported frontend protocol {}.{}: server supports 3.0 to 3.0", code >> 16U,
                                   code & 0xFFFFU)});
  else
    open(body.substr(4), out);
}

/// Both numbers must be right, or anyone could cancel anyone's statements. The session may have ended meanwhile.
void Connection::cancel(std::string_view body) {
  Fields fields(body);
  (void)fields.i32();
  const auto pid = fields.i32();
  const auto found = server_->sessions.find(pid);
  if (found != server_->sessions.end() && found->second->secret() == fields.i32())
    found->second->interrupt(false);
  closed_ = true; // without an answer, whatever came of it
}

void Connection::open(std::string_view parameters, BackendWriter& out) {
  Fields fields(parameters);
  std::map<std::string, std::string> given;
  for (auto name = fields.text(); fields.good && !name.empty(); name = fields.text())
    given[name] = fields.text();
  const auto user = given["user"];
  if (user.empty())
    return end(out, {"28000", "no PostgreSQL user name specified in startup packet"});
  session_ = std::make_unique<Session>(*server_, given["database"].empty() ? user : given["database"], user);
  // The unnamed statement stays, as in PostgreSQL: DEALLOCATE ALL is about those with a name.
  session_->forget_prepared = [this](const std::string& name) {
    if (name.empty())
      std::erase_if(statements_, [](const auto& one) { return !one.first.empty(); });
    else if (statements_.erase(name) == 0)
      pg::fail("26000", fmt::format("prepared statement \"{}\" does not exist", name));
  };
  // What is left over is settings: "options" holds several, "_pq_." begins protocol extensions, which may be ignored.
  given.erase("user");
  given.erase("database");
  given.erase("replication");
  auto& settings = session_->settings();
  try {
    for (const auto& [name, value] : given) {
      if (name == "options")
        set_options(settings, value);
      else if (!name.starts_with("_pq_."))
        settings.set(name, value, Settings::Scope::session);
    }
    settings.set("session_authorization", user, Settings::Scope::session);
  } catch (const SqlFailure& failure) {
    return end(out, failure.error);
  }
  settings.keep_as_defaults();
  out.authentication_ok();
  ready(out);
}

/// ReadyForQuery. Before it the client is told of reported settings that have changed, the first time of all of them:
/// drivers such as libpq decide by them how to read dates and quote strings. The first time the key for cancel
/// requests is sent too.
void Connection::ready(BackendWriter& out) {
  const bool first = told_.empty();
  if (first || session_->settings().version() != reported_) {
    auto now = session_->settings().reported();
    for (std::size_t i = 0; i < now.size(); ++i)
      if (first || now[i] != told_[i])
        out.parameter(now[i].first, now[i].second);
    told_ = std::move(now);
    reported_ = session_->settings().version();
  }
  if (first)
    out.key(session_->pid(), session_->secret());
  out.ready(session_->status());
}

/// Answers a message of the extended protocol with an error. Everything up to the next Sync is then left out, because
/// the client has sent the messages that follow without knowing of the error.
void Connection::fail(BackendWriter& out, const SqlError& error) {
  if (has_ended(out, error))
    return;
  session_->fail_transaction();
  out.error(error);
  skipping_ = true;
}

/// SqlFailure is made an answer here, outside of the handler: `catch` may not await. A simple query has no Sync after
/// it, so its error is followed by ReadyForQuery at once.
awaitable<void> Connection::answer(Message message, std::string& reply) {
  const char type = message.type;
  std::optional<SqlError> error;
  try {
    co_await handle(std::move(message), reply);
  } catch (const SqlFailure& failure) {
    error = failure.error;
  }
  if (!error)
    co_return;
  BackendWriter out(reply);
  fail(out, *error);
  if (type != 'Q')
    co_return;
  skipping_ = false;
  (void)session_->end_implicit(); // it has failed
  ready(out);
}

awaitable<void> Connection::handle(Message message, std::string& reply) {
  BackendWriter out(reply);
  if (skipping_ && message.type != 'S' && message.type != 'X')
    co_return; // after an error everything up to Sync is left out
  switch (message.type) {
  case 'Q':
    co_await query(std::move(message.body), reply);
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
    co_await execute(std::move(message.body), reply);
    break;
  case 'C':
    close(message.body, out);
    break;
  case 'S':
    skipping_ = false;
    if (auto error = session_->end_implicit())
      out.error(*error);
    if (session_->status() == 'I')
      portals_.clear();
    ready(out);
    break;
  case 'H':
    break; // everything is sent at once anyway
  case 'X':
    closed_ = true;
    break;
  case 'F':
    session_->fail_transaction();
    out.error({"0A000", "the postgres fake does not support function calls"});
    ready(out);
    break;
  case 'd':
  case 'c':
  case 'f':
    break; // COPY data after a refused COPY
  default:
    end(out, {"08P01", fmt::format("invalid frontend message type {}", static_cast<int>(message.type))});
  }
}

/// Writes rows in the formats that the client has asked for: text, or binary column by column.
void Connection::rows(BackendWriter& out, const Result& result, const std::vector<int>& formats, std::size_t from,
                      std::size_t to) {
  Row shown(result.columns.size());
  for (auto i = from; i < to; ++i) {
    const auto& row = result.rows[i];
    for (std::size_t k = 0; k < shown.size(); ++k) {
      if (std::holds_alternative<std::monostate>(row[k]))
        shown[k].reset();
      else if (BackendWriter::format_of(formats, k) == 1)
        shown[k] = show_binary(result.columns[k].type.type, row[k]);
      else
        shown[k] = show_text(result.columns[k].type.type, row[k]);
    }
    out.row(shown);
  }
}

awaitable<void> Connection::query(std::string body, std::string& reply) {
  BackendWriter out(reply);
  statements_.erase("");
  portals_.erase("");
  // A copy: the reference is good until the next call of `of`, which another connection may make during a wait below.
  const auto statements = server_->texts.of(Fields(body).text(), split_statements);
  if (statements.empty())
    out.simple('I');
  // Several statements in one message are one transaction, unless they say otherwise.
  for (const auto& statement : statements) {
    if (statements.size() > 1)
      session_->begin_implicit();
    auto prepared = session_->prepare(statement, {});
    Outcome outcome;
    if (auto* error = std::get_if<SqlError>(&prepared))
      outcome = *error;
    else
      outcome = co_await session_->execute(std::get<0>(prepared), {});
    if (const auto* error = std::get_if<SqlError>(&outcome)) {
      if (has_ended(out, *error))
        co_return;
      session_->fail_transaction();
      out.error(*error);
      break;
    }
    const auto& result = std::get<Result>(outcome);
    for (const auto& notice : result.notices)
      out.notice(notice);
    if (result.has_rows) {
      out.columns(result.columns, {});
      rows(out, result, {}, 0, result.rows.size());
    }
    out.complete(result.tag);
  }
  if (auto error = session_->end_implicit())
    out.error(*error);
  if (session_->status() == 'I')
    portals_.clear();
  ready(out);
}

} // namespace holdfast::fakes::pg
