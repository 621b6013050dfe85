// The routes of a dependency that an HTTP fake plays. Placeholders are checked last, when all routes are read: a route
// may find what another one has booked, so that the fields of all books must be known.
#include "harness/scenario/parse_http_script.hpp"

#include "harness/scenario/placeholders.hpp"
#include "harness/scenario/toml_json.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace holdfast::scenario {

namespace {

using Names = std::vector<std::string>;

/// Fields that every event of the history has: an entry of a book is written beside them, in one JSON object. See
/// harness/history/FORMAT.md.
constexpr auto taken_fields = {"seq", "time", "type", "dependency"};

HttpAnswer parse_answer(const toml::table& table, const std::string& what, int status, ParseContext& context) {
  TableReader reader(table, what, context);
  HttpAnswer answer;
  answer.status = static_cast<int>(reader.integer("status", 200, 599).value_or(status));
  answer.headers = reader.text_map("headers").value_or(std::map<std::string, std::string>{});
  if (const auto* body = reader.table("json"))
    answer.json = boost::json::serialize(to_json(*body));
  reader.finish();
  return answer;
}

HttpCondition parse_condition(const toml::table& table, const std::string& what, ParseContext& context) {
  TableReader reader(table, what, context);
  HttpCondition when;
  for (const auto& [key, into] : {std::pair{"nth", &when.nth}, {"every", &when.every}, {"attempt", &when.attempt}})
    if (const auto value = reader.integer(key, 1))
      *into = static_cast<std::uint64_t>(*value);
  if (const auto* json = reader.table("json"))
    for (const auto& [pointer, node] : *json)
      parse_comparisons(std::string(pointer.str()), node, when.json, what, context);
  reader.finish();
  return when;
}

HttpBehaviour parse_behaviour(const std::string& name, const toml::table& table, const std::string& what,
                              ParseContext& context) {
  TableReader reader(table, what, context);
  HttpBehaviour behaviour{.name = name};
  if (const auto* when = reader.table("when"))
    behaviour.when = parse_condition(*when, "when of " + what, context);
  if (!reader.has("do"))
    context.error(table.source(), fmt::format("{} lacks 'do'", what), "do = \"decline\", \"hang\", \"delay\", …");
  // Each kind asks for its own keys only, so that a key of another kind is reported as unknown.
  const auto kind = reader.choice("do", {"decline", "hang", "delay", "twice", "cut"}).value_or("");
  if (kind == "decline") {
    static const toml::table none;
    const auto* answer = reader.table("answer");
    behaviour.answer = parse_answer(answer != nullptr ? *answer : none, "answer of " + what, 402, context);
  } else if (kind == "hang") {
    behaviour.kind = HttpBehaviour::Kind::hang;
    behaviour.takes_effect = reader.boolean("effect").value_or(true);
  } else if (kind == "delay") {
    behaviour.kind = HttpBehaviour::Kind::delay;
    if (!reader.has("delay"))
      context.error(table.source(), fmt::format("{} lacks 'delay'", what), "delay = \"300ms\"");
    behaviour.delay = reader.duration("delay").value_or(behaviour.delay);
  } else if (kind == "twice") {
    behaviour.kind = HttpBehaviour::Kind::twice;
  } else if (kind == "cut") {
    behaviour.kind = HttpBehaviour::Kind::cut;
    behaviour.delivered_before_cut = static_cast<std::size_t>(reader.integer("bytes", 0).value_or(0));
  }
  // Without a kind every key would be unknown, and what is wrong is only `do`.
  if (!kind.empty())
    reader.finish();
  return behaviour;
}

/// The names in braces of a path. Reports a segment that is neither plain text nor one such name alone.
Names captures(TableReader& reader, const std::string& path) {
  if (path.empty() || path.front() != '/')
    reader.error("path", "a path begins with '/'");
  std::string_view rest(path);
  while (!rest.empty()) {
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
    const auto names = placeholders(segment);
    const bool whole = names.size() == 1 && segment.size() == names[0].size() + 2;
    if (segment.find_first_of("{}") != std::string_view::npos && !whole)
      reader.error("path", fmt::format("the segment '{}' is neither plain nor one name in braces", segment),
                   "path = \"/payments/{id}\"");
  }
  return placeholders(path);
}

HttpRoute parse_route(const std::string& name, const toml::table& table, const std::string& key,
                      ParseContext& context) {
  const auto what = fmt::format("[{}]", key);
  TableReader reader(table, what, context);
  HttpRoute route{.name = name};
  if (const auto* request = reader.table("request")) {
    TableReader inner(*request, "request of " + what, context);
    route.method = inner.choice("method", {"GET", "POST", "PUT", "PATCH", "DELETE"}).value_or("GET");
    route.path = inner.required_text("path");
    (void)captures(inner, route.path);
    inner.finish();
  } else {
    context.error(table.source(), fmt::format("{} needs 'request'", what),
                  "request = { method = \"POST\", path = \"/payments\" }");
  }
  if (const auto* idempotency = reader.table("idempotency")) {
    TableReader inner(*idempotency, "idempotency of " + what, context);
    route.idempotency = Idempotency{inner.required_text("key")};
    route.idempotency->conflict = static_cast<int>(inner.integer("conflict", 400, 499).value_or(409));
    inner.finish();
  }
  route.finds = reader.text_map("finds").value_or(route.finds);
  route.book = reader.text_map("book").value_or(route.book);
  for (const auto& [field, value] : route.book)
    if (std::find(taken_fields.begin(), taken_fields.end(), field) != taken_fields.end())
      reader.error("book", fmt::format("'{}' cannot be a field of a book: every entry has it already", field));
    else if (placeholders("{" + field + "}").empty())
      reader.error("book", fmt::format("'{}' is no name for a field", field), "letters, digits, '_', '-' and '.'");
  if (const auto* answer = reader.table("answer"))
    route.answer = parse_answer(*answer, "answer of " + what, 200, context);
  if (const auto* behaviours = reader.table("behaviours"))
    for_each_table(*behaviours, fmt::format("[{}.behaviours]", key), context,
                   [&](const std::string& behaviour, const toml::table& entry) {
                     const auto place = fmt::format("[{}.behaviours.{}]", key, behaviour);
                     route.behaviours.push_back(parse_behaviour(behaviour, entry, place, context));
                     if (route.behaviours.back().when.attempt && !route.idempotency)
                       context.error(entry.source(),
                                     fmt::format("'attempt' of {} counts requests under one key: {} needs "
                                                 "'idempotency'",
                                                 place, what));
                   });
  reader.finish();
  return route;
}

/// Every name in braces must be one that the fake can fill in by then.
class NameCheck {
public:
  NameCheck(const HttpRoute& route, const Names& fields, ParseContext& context)
      : context_(context), known_({"number", "json.FIELD", "header.NAME"}) {
    for (const auto& name : placeholders(route.path))
      known_.push_back("path." + name);
    if (!route.finds.empty())
      for (const auto& field : fields)
        known_.push_back("found." + field);
  }
  void knows_book_of(const HttpRoute& route) {
    for (const auto& [field, value] : route.book)
      known_.push_back("book." + field);
  }
  void check(const std::string& text, const toml::source_region& where) const {
    // What a request holds is known only when it comes: of these names any field and any header will do.
    for (const auto& name : placeholders(text)) {
      const bool of_request =
          (name.starts_with("json.") && name.size() > 5) || (name.starts_with("header.") && name.size() > 7);
      if (!of_request)
        expect_known(name, known_, "placeholder", where, context_);
    }
  }
  void check(const std::map<std::string, std::string>& texts, const toml::source_region& where) const {
    for (const auto& [name, text] : texts)
      check(text, where);
  }
  void check(const HttpAnswer& answer, const toml::source_region& where) const {
    check(answer.headers, where);
    check(answer.json, where);
  }

private:
  ParseContext& context_;
  Names known_;
};

void check_placeholders(const HttpRoute& route, const Names& fields, const toml::table& table, ParseContext& context) {
  const auto place = [&](const toml::node_view<const toml::node>& node) {
    return node ? node.node()->source() : table.source();
  };
  const toml::node_view<const toml::node> here(table);
  NameCheck names(route, fields, context);
  if (route.idempotency)
    names.check(route.idempotency->key, place(here["idempotency"]["key"]));
  names.check(route.finds, place(here["finds"]));
  names.check(route.book, place(here["book"]));
  for (const auto& behaviour : route.behaviours) // nothing is booked then
    names.check(behaviour.answer, place(here["behaviours"][behaviour.name]["answer"]));
  // Only the route's own answer comes after its entry was booked, and may name what is in it.
  names.knows_book_of(route);
  names.check(route.answer, place(here["answer"]));
  for (const auto& [field, value] : route.finds)
    expect_known(field, fields, "field of the book", place(here["finds"]), context);
}

} // namespace

void parse_comparisons(const std::string& pointer, const toml::node& node, std::vector<JsonComparison>& into,
                       const std::string& what, ParseContext& context) {
  using Is = JsonComparison::Is;
  const auto add = [&](Is is, const toml::node& value) {
    const bool ordered = is == Is::at_least || is == Is::at_most;
    if (value.is_table() || value.is_array() || (ordered && !value.is_number()))
      return context.error(value.source(), fmt::format("'{}' of {} is compared with {}", pointer, what,
                                                       ordered ? "a number" : "a string, a number or a boolean"));
    into.push_back({pointer, is, boost::json::serialize(to_json(value))});
  };
  if (pointer.empty() || pointer.front() != '/')
    context.error(node.source(), fmt::format("'{}' is no JSON pointer", pointer),
                  "a JSON pointer begins with '/': json = { \"/amount\" = { at_least = 10 } }");
  if (!node.is_table())
    return add(Is::equal, node);
  TableReader reader(*node.as_table(), fmt::format("'{}' of {}", pointer, what), context);
  for (const auto& [key, is] : {std::pair{"not", Is::different}, {"at_least", Is::at_least}, {"at_most", Is::at_most}})
    if (const auto* value = reader.any(key))
      add(is, *value);
  reader.finish();
}

HttpScript parse_http_script(const toml::table& routes, const std::string& key, ParseContext& context) {
  HttpScript script;
  std::vector<const toml::table*> places;
  for_each_table(routes, fmt::format("[{}]", key), context, [&](const std::string& name, const toml::table& entry) {
    script.routes.push_back(parse_route(name, entry, fmt::format("{}.{}", key, name), context));
    places.push_back(&entry);
  });
  Names fields;
  for (const auto& route : script.routes)
    for (const auto& [field, value] : route.book)
      fields.push_back(field);
  for (std::size_t i = 0; i < script.routes.size(); ++i)
    check_placeholders(script.routes[i], fields, *places[i], context);
  return script;
}

} // namespace holdfast::scenario
