// The [operations] of a stack file: how each one is sent, which replies mean what, and what the checks need of an
// operation to judge it in its role.
#include "harness/scenario/parse_http_script.hpp"
#include "harness/scenario/parse_stack.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/scenario/toml_json.hpp"
#include "harness/text/ascii.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <set>

namespace holdfast::scenario {

namespace {

/// Roles by their names, which stand in `to_string` alone.
const std::map<std::string, Role>& roles() {
  static const std::map<std::string, Role> all = [] {
    std::map<std::string, Role> names;
    for (const auto role :
         {Role::register_user, Role::login, Role::logout, Role::whoami, Role::purchase, Role::purchases, Role::transfer,
          Role::statement, Role::overview, Role::import_users, Role::other})
      names.emplace(to_string(role), role);
    return names;
  }();
  return all;
}

std::vector<int> statuses(TableReader& reader, std::string_view key) {
  std::vector<int> result;
  for (const auto value : reader.integers(key).value_or(std::vector<std::int64_t>{})) {
    if (value < 100 || value > 599)
      reader.error(key, fmt::format("{} is no HTTP status", value));
    else
      result.push_back(static_cast<int>(value));
  }
  return result;
}

/// Regular expressions by the names of headers.
void parse_headers(TableReader& reader, Unauthenticated& into) {
  const auto* table = reader.table("header");
  if (table == nullptr)
    return;
  for (const auto& [name, node] : *table) {
    const auto* words = node.as_string();
    if (words == nullptr) {
      reader.context().error(node.source(), fmt::format("'{}' must be a regular expression, in a string", name.str()));
      continue;
    }
    auto compiled = text::Pattern::compile(words->get());
    if (const auto* bad = std::get_if<text::BadPattern>(&compiled)) {
      auto where = reader.context().locate(node.source());
      where.column += static_cast<unsigned>(bad->at) + 1; // behind the quote
      reader.context().error(std::move(where), fmt::format("this is no regular expression: {}", bad->message),
                             "the syntax is RE2's: github.com/google/re2/wiki/Syntax");
      continue;
    }
    into.headers.emplace_back(text::lower(name.str()), std::get<text::Pattern>(std::move(compiled)));
  }
}

void check_pointer(TableReader& reader, std::string_view key, const std::string& pointer);

Unauthenticated parse_unauthenticated(const toml::table& table, const std::string& what, ParseContext& context) {
  TableReader reader(table, what, context);
  Unauthenticated said;
  // Statuses that are given stand in place of the usual ones (401 and 403), and do not add to them.
  if (reader.has("status"))
    said.status = statuses(reader, "status");
  parse_headers(reader, said);
  if (const auto* json = reader.table("json"))
    for (const auto& [pointer, node] : *json)
      parse_comparisons(std::string(pointer.str()), node, said.json, what, context);
  said.missing = reader.text_or_texts("missing").value_or(said.missing);
  for (const auto& pointer : said.missing)
    check_pointer(reader, "missing", pointer);
  reader.finish();
  return said;
}

/// A text is the JSON pointer to a path or URL; a table says in addition that a token stands there, or that the Link
/// header says it.
NextPage parse_next(TableReader& reader) {
  NextPage next;
  const auto* node = reader.any("next");
  if (node == nullptr)
    return next;
  if (!node->is_table()) {
    next.at = reader.text("next").value_or("");
    check_pointer(reader, "next", next.at);
    return next;
  }
  TableReader inner(*node->as_table(), "next of " + reader.what(), reader.context());
  next.at = inner.text("at").value_or("");
  check_pointer(inner, "at", next.at);
  next.parameter = inner.text("parameter").value_or("");
  next.link_header = inner.choice("header", {"Link"}).has_value();
  if (next.at.empty() == !next.link_header)
    reader.error("next", fmt::format("{} says either 'at' or 'header'", inner.what()),
                 "next = { at = \"/next_cursor\", parameter = \"cursor\" } or next = { header = \"Link\" }");
  inner.finish();
  return next;
}

void check_pointer(TableReader& reader, std::string_view key, const std::string& pointer) {
  if (!pointer.empty() && pointer.front() != '/')
    reader.error(key, fmt::format("'{}' is no JSON pointer", pointer), "a JSON pointer begins with '/': \"/token\"");
}

ListCapture parse_list(const toml::table& table, const std::string& what, ParseContext& context) {
  TableReader reader(table, what, context);
  ListCapture capture;
  capture.at = reader.text("at").value_or("");
  check_pointer(reader, "at", capture.at);
  capture.next = parse_next(reader);
  for (const auto* field : {"id", "amount", "item", "peer", "kind"})
    if (auto pointer = reader.text(field)) {
      check_pointer(reader, field, *pointer);
      capture.fields[field] = *pointer;
    }
  if (!capture.fields.contains("id"))
    context.error(table.source(), fmt::format("{} needs 'id': the field that carries the client's id", what));
  reader.finish();
  return capture;
}

OkReply parse_ok(const toml::table& table, Role role, const std::string& what, ParseContext& context) {
  TableReader reader(table, what, context);
  OkReply ok;
  ok.status = statuses(reader, "status");
  if (!table.contains("status"))
    context.error(table.source(), fmt::format("{} needs 'status'", what));
  if (auto capture = reader.text_map("capture"))
    ok.capture = *capture;
  for (const auto& [name, pointer] : ok.capture)
    check_pointer(reader, "capture", pointer);
  if (const auto* list = reader.table("list"))
    ok.list = parse_list(*list, "list of " + what, context);
  if (role == Role::overview) {
    if (const auto* statement = reader.table("statement"))
      ok.statement = parse_list(*statement, "statement of " + what, context);
    for (const auto& list : {ok.list, ok.statement})
      if (list && list->next.is_given())
        context.error(table.source(), fmt::format("{} is read in one piece: its lists have no pages ('next')", what));
  }
  reader.finish();
  return ok;
}

Operation parse_operation(const std::string& name, const toml::table& table, const Stack& stack,
                          ParseContext& context) {
  TableReader reader(table, fmt::format("[operations.{}]", name), context);
  Operation operation;
  operation.name = name;
  if (auto role = reader.text("role")) {
    if (const auto found = roles().find(*role); found != roles().end()) {
      operation.role = found->second;
    } else {
      std::vector<std::string> known;
      for (const auto& [text, value] : roles())
        known.push_back(text);
      reader.error("role", fmt::format("unknown role '{}'", *role), suggest(*role, known));
    }
  } else if (const auto found = roles().find(name); found != roles().end()) {
    operation.role = found->second; // an operation called "login" is the login
  }
  operation.service = reader.text("service").value_or(stack.services.size() == 1 ? stack.services[0].name : "");
  if (operation.service.empty())
    context.error(table.source(), fmt::format("{} needs 'service'", reader.what()));
  else
    expect_known(operation.service, names_of(stack.services), "service", reader.source("service"), context);

  if (const auto* request = reader.table("request")) {
    TableReader inner(*request, "request of " + reader.what(), context);
    operation.method = inner.choice("method", {"GET", "POST", "PUT", "PATCH", "DELETE"}).value_or("GET");
    operation.path = inner.required_text("path");
    if (!operation.path.empty() && operation.path[0] != '/')
      inner.error("path", "a path begins with '/'");
    operation.headers = inner.text_map("headers").value_or(std::map<std::string, std::string>{});
    if (const auto* body = inner.table("json"))
      operation.json_body = boost::json::serialize(to_json(*body));
    if (inner.choice("redirects", {"answer", "follow"}) == "follow")
      operation.redirects = Operation::Redirects::follow;
    inner.finish();
  } else {
    context.error(table.source(), fmt::format("{} needs 'request'", reader.what()),
                  "request = { method = \"GET\", path = \"/me\" }");
  }
  if (const auto* ok = reader.table("ok"))
    operation.ok = parse_ok(*ok, operation.role, "ok of " + reader.what(), context);
  else
    operation.ok.status = {200, 201, 204};
  if (const auto* fail = reader.table("fail")) {
    TableReader inner(*fail, "fail of " + reader.what(), context);
    operation.fail = statuses(inner, "status");
    inner.finish();
  }
  if (const auto* unauthenticated = reader.table("unauthenticated"))
    operation.unauthenticated = parse_unauthenticated(*unauthenticated, "unauthenticated of " + reader.what(), context);
  if (const auto* retry = reader.table("retry")) {
    TableReader inner(*retry, "retry of " + reader.what(), context);
    operation.attempts = static_cast<int>(inner.integer("attempts", 1, 20).value_or(1));
    operation.retry_wait = inner.duration("wait").value_or(operation.retry_wait);
    inner.finish();
  }
  operation.timeout = reader.duration("timeout").value_or(operation.timeout);
  if (operation.role == Role::import_users)
    operation.batch = static_cast<int>(reader.integer("batch", 1, 100'000).value_or(operation.batch));
  reader.finish();

  // A read without these shows nothing that could be compared with what was acknowledged.
  const bool reads_list = operation.role == Role::purchases || operation.role == Role::statement;
  if (reads_list && !operation.ok.list)
    context.error(table.source(), fmt::format("{} reads a list: its 'ok' needs 'list'", reader.what()),
                  "ok = { status = [200], list = { at = \"/orders\", id = \"/ref\" } }");
  if (operation.role == Role::statement && !operation.ok.capture.contains("balance"))
    context.error(table.source(), fmt::format("{} must capture 'balance'", reader.what()),
                  "ok = { status = [200], capture = { balance = \"/balance\" }, list = … }");
  if (operation.role == Role::overview &&
      (!operation.ok.list || !operation.ok.statement || !operation.ok.capture.contains("user") ||
       !operation.ok.capture.contains("balance")))
    context.error(
        table.source(),
        fmt::format("{} shows everything of a user: its 'ok' captures 'user' and 'balance' and has 'list' (the "
                    "purchases) and 'statement'",
                    reader.what()),
        "ok = { status = [200], capture = { user = …, balance = … }, list = { … }, statement = { … } }");
  if (operation.role == Role::whoami && !operation.ok.capture.contains("user"))
    context.error(table.source(), fmt::format("{} must capture 'user'", reader.what()),
                  "ok = { status = [200], capture = { user = \"/user\" } }");
  return operation;
}

/// A placeholder that nothing fills would be sent in braces, and the service would refuse the request at best.
void check_placeholders(const Operation& operation, const std::vector<std::string>& known,
                        const toml::source_region& where, ParseContext& context) {
  std::string all = operation.path + " " + operation.json_body;
  for (const auto& [name, value] : operation.headers)
    all += " " + value;
  std::set<std::string> seen;
  for (const auto& name : placeholders(all))
    if (seen.insert(name).second && std::find(known.begin(), known.end(), name) == known.end())
      context.error(context.locate(where, "{" + name + "}"),
                    fmt::format("nothing fills '{{{}}}' in the request of '{}'", name, operation.name),
                    suggest(name, known));
}

} // namespace

std::vector<Operation> parse_operations(const toml::table& table, const Stack& stack, ParseContext& context) {
  std::vector<Operation> operations;
  std::map<std::string, toml::source_region> places;
  for_each_table(table, "[operations]", context, [&](const std::string& name, const toml::table& entry) {
    operations.push_back(parse_operation(name, entry, stack, context));
    places[name] = entry.source();
  });
  // What the workload fills in itself, and what the reply of any operation captures.
  std::vector<std::string> known = {"id", "number", "user", "password", "item", "amount", "peer"};
  for (const auto& operation : operations)
    for (const auto& [name, pointer] : operation.ok.capture)
      known.push_back(name);
  // A role has one operation at most: a stack is asked for the operation of a role, as for its login.
  std::map<Role, std::string> taken;
  for (const auto& operation : operations) {
    check_placeholders(operation, known, places[operation.name], context);
    if (operation.role == Role::other)
      continue;
    if (const auto [other, fresh] = taken.emplace(operation.role, operation.name); !fresh)
      context.error(places[operation.name], fmt::format("'{}' and '{}' both have the role '{}'", other->second,
                                                        operation.name, to_string(operation.role)));
  }
  return operations;
}

} // namespace holdfast::scenario
