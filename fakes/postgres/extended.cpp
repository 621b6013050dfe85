// The extended protocol: Parse, Bind, Describe, Execute, Close.
// https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
#include "fakes/postgres/connection.hpp"
#include "fakes/postgres/fields.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

using boost::asio::awaitable;

void Connection::parse(std::string_view body, BackendWriter& out) {
  Fields fields(body);
  const auto name = fields.text();
  const auto sql = fields.text();
  std::vector<Type> types;
  for (int i = fields.i16(); i > 0 && fields.good; --i)
    types.push_back(static_cast<Type>(fields.i32()));
  if (!fields.good)
    return fail(out, {"08P01", "a malformed Parse message"});
  // `info` answers "unknown" for a number that it does not have. Refused here, since a Bind of it could not be read.
  for (const auto type : types)
    if (type != Type::none && info(type).type == Type::unknown && type != Type::unknown)
      return fail(out, {"0A000", fmt::format("the postgres fake does not support parameters of type {}",
                                             static_cast<int>(type))});
  const auto statements = server_->texts.of(sql, split_statements);
  if (statements.size() > 1)
    return fail(out, {"42601", "cannot insert multiple commands into a prepared statement"});
  if (!name.empty() && statements_.contains(name))
    return fail(out, {"42P05", fmt::format("prepared statement \"{}\" already exists", name)});
  if (statements.empty()) {
    statements_[name] = std::make_shared<Statement>(); // of an empty query
    statements_[name]->plan.parameters = types;
    return out.simple('1');
  }
  session_->begin_implicit(); // until Sync
  auto prepared = session_->prepare(statements[0], types);
  if (const auto* error = std::get_if<SqlError>(&prepared))
    return fail(out, *error);
  statements_[name] = std::get<0>(prepared);
  out.simple('1');
}

/// Values are read here, so that a malformed one fails Bind and the statement never runs.
void Connection::bind(std::string_view body, BackendWriter& out) {
  Fields fields(body);
  const auto portal = fields.text();
  const auto name = fields.text();
  const auto found = statements_.find(name);
  if (found == statements_.end())
    return fail(out, {"26000", name.empty() ? std::string("unnamed prepared statement does not exist")
                                            : fmt::format("prepared statement \"{}\" does not exist", name)});
  const auto& types = found->second->plan.parameters;
  const auto formats = fields.formats();
  Portal bound{found->second, {}, {}, std::nullopt, 0};
  const auto count = static_cast<std::size_t>(fields.i16());
  if (fields.good && count != types.size())
    return fail(out,
                {"08P01", fmt::format("bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                                      count, name, types.size())});
  std::size_t i = 0;
  try {
    for (; i < count && fields.good; ++i) {
      const auto length = fields.i32();
      const auto value = length < 0 ? std::string_view{} : fields.bytes(static_cast<std::size_t>(length));
      if (length < 0)
        bound.values.emplace_back();
      else if (BackendWriter::format_of(formats, i) == 1)
        bound.values.push_back(read_binary({types[i]}, value));
      else
        bound.values.push_back(read_text({types[i]}, value));
    }
  } catch (SqlFailure& failure) {
    if (failure.error.state == "22P03")
      failure.error.message += fmt::format(" in bind parameter {}", i + 1);
    return fail(out, failure.error);
  }
  bound.formats = fields.formats();
  if (!fields.good)
    return fail(out, {"08P01", "a malformed Bind message"});
  if (!portal.empty() && portals_.contains(portal))
    return fail(out, {"42P03", fmt::format("cursor \"{}\" already exists", portal)});
  portals_[portal] = std::move(bound);
  out.simple('2');
}

/// Of a prepared statement the parameters and then the columns, of a portal the columns only. A driver asks before
/// Execute, to know what it will read.
void Connection::describe(std::string_view body, BackendWriter& out) {
  const auto name = body.size() > 1 ? Fields(body.substr(1)).text() : std::string{};
  std::shared_ptr<Statement> statement;
  std::vector<int> formats;
  if (body.starts_with('S')) {
    const auto found = statements_.find(name);
    if (found == statements_.end())
      return fail(out, {"26000", fmt::format("prepared statement \"{}\" does not exist", name)});
    statement = found->second;
    out.parameters(statement->plan.parameters);
  } else {
    const auto found = portals_.find(name);
    if (const auto* cursor = found == portals_.end() ? session_->describe_cursor(name) : nullptr)
      return out.columns(*cursor, {}); // cursors of DECLARE are portals too
    if (found == portals_.end())
      return fail(out, {"34000", fmt::format("portal \"{}\" does not exist", name)});
    statement = found->second.statement;
    formats = found->second.formats;
  }
  std::optional<std::vector<Column>> described;
  if (!statement->text.empty()) {
    auto columns = session_->describe(*statement);
    if (const auto* error = std::get_if<SqlError>(&columns))
      return fail(out, *error);
    described = std::get<0>(std::move(columns));
  }
  if (described)
    out.columns(*described, formats);
  else
    out.simple('n');
}

/// Runs the portal's statement at its first Execute and keeps the whole result. Later ones send the rows that follow:
/// a statement with side effects must not run once for every page that the client fetches.
awaitable<void> Connection::execute(std::string body, std::string& reply) {
  Fields fields(body);
  const auto name = fields.text();
  const auto limit = static_cast<std::size_t>(std::max(0, fields.i32()));
  BackendWriter out(reply);
  const auto found = portals_.find(name);
  if (found == portals_.end())
    co_return fail(out, {"34000", fmt::format("portal \"{}\" does not exist", name)});
  if (found->second.statement->text.empty())
    co_return out.simple('I');
  if (!found->second.result) {
    session_->begin_implicit(); // until Sync
    auto outcome = co_await session_->execute(found->second.statement, found->second.values);
    if (const auto* error = std::get_if<SqlError>(&outcome))
      co_return fail(out, *error);
    for (const auto& notice : std::get<Result>(outcome).notices)
      out.notice(notice);
    found->second.result = std::get<Result>(std::move(outcome));
  }
  auto& portal = found->second;
  const auto& result = *portal.result;
  const auto end = limit == 0 ? result.rows.size() : std::min(result.rows.size(), portal.sent + limit);
  const auto begin = std::exchange(portal.sent, end);
  const bool all = begin == 0 && end == result.rows.size();
  rows(out, result, portal.formats, begin, end);
  // With a limit that is just reached there may be more: it shows when the portal is asked again.
  if (limit != 0 && end - begin == limit)
    co_return out.simple('s');
  if (all || !result.tag.starts_with("SELECT"))
    out.complete(result.tag);
  else
    out.complete(fmt::format("SELECT {}", end - begin));
}

void Connection::close(std::string_view body, BackendWriter& out) {
  const auto name = body.size() > 1 ? Fields(body.substr(1)).text() : std::string{};
  if (body.starts_with('S'))
    statements_.erase(name);
  else
    portals_.erase(name);
  out.simple('3');
}

} // namespace holdfast::fakes::pg
