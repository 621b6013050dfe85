#include "harness/scenario/toml_reader.hpp"

#include "harness/scenario/load.hpp"
#include "harness/scenario/toml_json.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <fmt/format.h>
#include <sstream>

namespace holdfast::scenario {

void ParseContext::add_source(const std::string& path, std::string_view text) {
  // The lines are shown below mistakes in them, and `locate` looks for texts in them.
  auto& lines = lines_[path];
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    lines.push_back(std::move(line));
  }
}

Location ParseContext::locate(const toml::source_region& where) const {
  return {where.path ? *where.path : std::string{}, where.begin.line, where.begin.column};
}

// toml++ knows the places of values. A placeholder is a few letters within one, and the region at hand is often the
// whole table's: the text is looked for from there on.
Location ParseContext::locate(const toml::source_region& from, std::string_view text) const {
  auto where = locate(from);
  const auto found = lines_.find(where.file);
  if (found == lines_.end() || where.line == 0)
    return where;
  const auto look = [&](unsigned first, unsigned last) -> std::optional<Location> {
    for (auto line = first; line <= last; ++line)
      if (const auto at = found->second[line - 1].find(text); at != std::string::npos)
        return Location{where.file, line, static_cast<unsigned>(at + 1)};
    return std::nullopt;
  };
  const auto lines = static_cast<unsigned>(found->second.size());
  if (const auto below = look(where.line, lines))
    return *below;
  return look(1, where.line - 1).value_or(where); // what a release takes over stands above it
}

void ParseContext::error(const toml::source_region& where, std::string message, std::string hint) {
  error(locate(where), std::move(message), std::move(hint));
}

// The line goes into the diagnostic here, where the text is at hand: whoever prints it has no files any more.
void ParseContext::error(Location where, std::string message, std::string hint) {
  Diagnostic diagnostic{std::move(where), std::move(message), std::move(hint), {}};
  if (const auto found = lines_.find(diagnostic.where.file); found != lines_.end())
    if (diagnostic.where.line >= 1 && diagnostic.where.line <= found->second.size())
      diagnostic.source_line = found->second[diagnostic.where.line - 1];
  diagnostics_.push_back(std::move(diagnostic));
}

// Tables are read in the order in which they refer to each other, which need not be that of the file. Of two errors at
// one place the one that was found first stays first.
Diagnostics ParseContext::take_sorted() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.where.file, a.where.line, a.where.column) < std::tie(b.where.file, b.where.line, b.where.column);
  });
  return std::move(diagnostics_);
}

TableReader::TableReader(const toml::table& table, std::string what, ParseContext& context)
    : table_(table), what_(std::move(what)), context_(context) {}

toml::source_region TableReader::source(std::string_view key) const {
  const auto* node = table_.get(key);
  return node != nullptr ? node->source() : table_.source();
}

void TableReader::error(std::string_view key, std::string message, std::string hint) {
  context_.error(source(key), std::move(message), std::move(hint));
}

namespace {
std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
  case toml::node_type::table:
    return "a table";
  case toml::node_type::array:
    return "an array";
  case toml::node_type::string:
    return "a string";
  case toml::node_type::integer:
    return "an integer";
  case toml::node_type::floating_point:
    return "a number with a fraction";
  case toml::node_type::boolean:
    return "a boolean";
  default:
    return "a date or time";
  }
}
} // namespace

void TableReader::wrong_type(const toml::node& node, std::string_view key, std::string_view wanted) {
  context_.error(node.source(), fmt::format("'{}' of {} must be {}, not {}", key, what_, wanted, type_name(node)));
}

// A value of another type is reported and then treated as absent: the default stands for it, so that one mistake does
// not make others.
const toml::node* TableReader::find(std::string_view key, std::string_view wanted,
                                    bool (toml::node::*is)() const noexcept) {
  const auto* node = any(key);
  if (node == nullptr)
    return nullptr;
  if ((node->*is)())
    return node;
  wrong_type(*node, key, wanted);
  return nullptr;
}

// Every reading of a value goes through here, so that `finish` knows which keys nobody has asked for.
const toml::node* TableReader::any(std::string_view key) {
  asked_.emplace(key);
  return table_.get(key);
}

std::optional<std::string> TableReader::text(std::string_view key) {
  const auto* node = find(key, "a string", &toml::node::is_string);
  if (node == nullptr)
    return std::nullopt;
  return node->as_string()->get();
}

// An absent key counts as asked for too: `finish` then suggests it for one that is misspelt.
std::string TableReader::required_text(std::string_view key) {
  if (!has(key)) {
    asked_.emplace(key);
    context_.error(table_.source(), fmt::format("{} lacks '{}'", what_, key));
    return {};
  }
  auto value = text(key);
  if (value && value->empty())
    error(key, fmt::format("'{}' of {} must not be empty", key, what_));
  return value.value_or("");
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const auto* node = find(key, "an integer", &toml::node::is_integer);
  if (node == nullptr)
    return std::nullopt;
  const auto value = node->as_integer()->get();
  if (value < min || value > max) {
    const auto bound = max == INT64_MAX ? fmt::format("at least {}", min) : fmt::format("between {} and {}", min, max);
    error(key, fmt::format("'{}' of {} must be {}, not {}", key, what_, bound, value));
    return std::nullopt;
  }
  return value;
}

std::optional<double> TableReader::number(std::string_view key, double min, double max) {
  const auto* node = any(key);
  if (node == nullptr)
    return std::nullopt;
  if (!node->is_number()) {
    wrong_type(*node, key, "a number");
    return std::nullopt;
  }
  const double value =
      node->is_integer() ? static_cast<double>(node->as_integer()->get()) : node->as_floating_point()->get();
  // Written so that nan, which is neither below nor above anything, is refused.
  if (!(value >= min && value <= max)) {
    error(key, fmt::format("'{}' of {} must be between {} and {}, not {}", key, what_, min, max, value));
    return std::nullopt;
  }
  return value;
}

std::optional<text::Decimal> TableReader::decimal(std::string_view key) {
  const auto* node = any(key);
  if (node == nullptr)
    return std::nullopt;
  std::optional<text::Decimal> value;
  if (node->is_integer())
    value = text::Decimal(node->as_integer()->get());
  else if (node->is_floating_point())
    value = text::Decimal::from_double(node->as_floating_point()->get());
  else if (node->is_string())
    value = text::Decimal::parse(node->as_string()->get());
  if (!value)
    error(key, fmt::format("'{}' of {} is no number", key, what_));
  return value;
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  const auto* node = find(key, "true or false", &toml::node::is_boolean);
  if (node == nullptr)
    return std::nullopt;
  return node->as_boolean()->get();
}

std::optional<Duration> TableReader::duration(std::string_view key) {
  const auto* node = find(key, "a duration such as \"1500ms\" or \"2s\"", &toml::node::is_string);
  if (node == nullptr)
    return std::nullopt;
  const auto parsed = parse_duration(node->as_string()->get());
  if (!parsed)
    error(key, fmt::format("'{}' of {} is no duration: \"{}\"", key, what_, node->as_string()->get()),
          "write a number and a unit: us, ms, s, m or h");
  return parsed;
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key, std::string_view wanted) {
  const auto* node = find(key, wanted, &toml::node::is_array);
  if (node == nullptr)
    return std::nullopt;
  std::vector<std::string> values;
  for (const auto& element : *node->as_array()) {
    if (!element.is_string()) {
      wrong_type(element, key, wanted);
      return std::nullopt;
    }
    values.push_back(element.as_string()->get());
  }
  return values;
}

std::optional<std::vector<std::string>> TableReader::text_or_texts(std::string_view key) {
  const auto* node = any(key);
  if (node != nullptr && node->is_string())
    return std::vector{node->as_string()->get()};
  return texts(key, "a string or an array of strings");
}

std::optional<std::vector<std::int64_t>> TableReader::integers(std::string_view key) {
  const auto* node = find(key, "an array of integers", &toml::node::is_array);
  if (node == nullptr)
    return std::nullopt;
  std::vector<std::int64_t> values;
  for (const auto& element : *node->as_array()) {
    if (!element.is_integer()) {
      wrong_type(element, key, "an array of integers");
      return std::nullopt;
    }
    values.push_back(element.as_integer()->get());
  }
  return values;
}

std::optional<std::map<std::string, std::string>> TableReader::text_map(std::string_view key) {
  const auto* entries = table(key);
  if (entries == nullptr)
    return std::nullopt;
  std::map<std::string, std::string> values;
  for (const auto& [name, node] : *entries) {
    if (node.is_string())
      values.emplace(std::string(name.str()), node.as_string()->get());
    else
      wrong_type(node, name.str(), "a string");
  }
  return values;
}

std::optional<std::string> TableReader::choice(std::string_view key, const std::vector<std::string>& allowed) {
  auto value = text(key);
  if (value && std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
    error(key, fmt::format("'{}' of {} cannot be '{}'", key, what_, *value), suggest(*value, allowed));
    return std::nullopt;
  }
  return value;
}

// The value in the words of each format of configurations. A text takes the type of what it replaces, so that it may be
// a number after all; anything else has its type, and its literals are written here.
std::optional<config::Value> TableReader::literal(std::string_view key) {
  const auto* node = any(key);
  if (node == nullptr)
    return std::nullopt;
  if (const auto* words = node->as_string())
    return config::text_value(words->get());
  const auto is_plain = [](const toml::node& one) { return one.is_string() || one.is_number() || one.is_boolean(); };
  const auto* list = node->as_array();
  if (!is_plain(*node) && (list == nullptr || !std::all_of(list->begin(), list->end(), is_plain))) {
    wrong_type(*node, key, "a text, a number, a truth or a list of them");
    return std::nullopt;
  }
  std::ostringstream literal;
  node->visit([&](const auto& one) {
    if constexpr (toml::is_string<decltype(one)> || toml::is_number<decltype(one)> || toml::is_boolean<decltype(one)>)
      literal << toml::toml_formatter(one);
    else if constexpr (toml::is_array<decltype(one)>)
      literal << toml::toml_formatter(one, toml::toml_formatter::default_flags &
                                               ~toml::format_flags::allow_multi_line_strings);
  });
  config::Value value{.toml = literal.str(),
                      .json = boost::json::serialize(to_json(*node)),
                      .is_text = false,
                      .is_list = list != nullptr};
  if (const auto* number = node->as_floating_point()) // JSON's writer would put it into exponents
    value.json = fmt::format("{}", number->get());
  if (list == nullptr)
    value.plain = value.toml;
  return value;
}

const toml::table* TableReader::table(std::string_view key) {
  const auto* node = find(key, "a table", &toml::node::is_table);
  return node == nullptr ? nullptr : node->as_table();
}

const toml::array* TableReader::array_of_tables(std::string_view key) {
  const auto* node = find(key, "an array of tables", &toml::node::is_array);
  if (node == nullptr)
    return nullptr;
  for (const auto& element : *node->as_array()) {
    if (!element.is_table()) {
      wrong_type(element, key, "an array of tables");
      return nullptr;
    }
  }
  return node->as_array();
}

void TableReader::finish() {
  std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const auto& [key, node] : table_) {
    if (asked_.contains(key.str()))
      continue;
    // A key that --set has put in has no place of its own, but its value has: the command line.
    const auto where = key.source().begin.line != 0 ? key.source() : node.source();
    context_.error(where, fmt::format("unknown key '{}' in {}", key.str(), what_),
                   suggest(std::string(key.str()), known));
  }
}

void for_each_table(const toml::table& table, const std::string& what, ParseContext& context,
                    const std::function<void(const std::string& name, const toml::table& entry)>& each) {
  std::vector<std::pair<std::string, const toml::table*>> entries;
  for (const auto& [key, node] : table) {
    if (node.is_table())
      entries.emplace_back(std::string(key.str()), node.as_table());
    else
      context.error(node.source(), fmt::format("'{}' in {} must be a table, not {}", key.str(), what, type_name(node)));
  }
  // toml++ sorts tables by name. Their order in the file counts: the first release is the one that the stack starts
  // with, a release extends one above it, and the first route that fits answers.
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    // What a scenario lays over its stack comes after what the stack's own file says.
    const auto foreign = [&](const toml::table& one) {
      const auto& path = one.source().path;
      return !path || !table.source().path || *path != *table.source().path;
    };
    return std::pair(foreign(*a.second), a.second->source().begin) <
           std::pair(foreign(*b.second), b.second->source().begin);
  });
  for (const auto& [name, entry] : entries)
    each(name, *entry);
}

bool expect_known(const std::string& name, const std::vector<std::string>& known, std::string_view kind,
                  const toml::source_region& where, ParseContext& context) {
  if (std::find(known.begin(), known.end(), name) != known.end())
    return true;
  context.error(where, fmt::format("unknown {} '{}'", kind, name), suggest(name, known));
  return false;
}

} // namespace holdfast::scenario
