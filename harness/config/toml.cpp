// Edits of TOML files. toml++ says where each key and value stands, and an edit replaces those bytes. It could write
// the whole table anew, but without the comments, order and quotes of the file.
#include "harness/config/edit.hpp"
#include "harness/config/path.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/places.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>
#include <stdexcept>
#include <toml++/toml.h>

namespace holdfast::config {

namespace {

using Result = boost::system::result<Edited, Error>;

struct Range {
  std::size_t begin = 0, end = 0;
};

bool is_bare(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// A name as a key: bare where TOML allows it, else a basic string, which has JSON's escapes.
std::string key_text(const std::string& name) {
  if (is_bare(name))
    return name;
  std::string out;
  text::append_json(out, name);
  return out;
}

std::string path_text(const std::vector<std::string>& path, std::size_t from) {
  std::string out;
  for (auto i = from; i < path.size(); ++i)
    out += (out.empty() ? "" : ".") + key_text(path[i]);
  return out;
}

class Document {
public:
  /// Throws toml::parse_error, or std::invalid_argument where toml++ has no answer.
  explicit Document(const std::string& text) : text_(text), root_(toml::parse(text)), places_(text) {}

  struct Place {
    const toml::table* parent = nullptr; ///< the innermost table on the way that is there; null: the way is blocked
    std::size_t depth = 0;               ///< how many parts of the path lead to it
    const toml::node* node = nullptr;    ///< null: not there
    const toml::key* key = nullptr;
  };
  [[nodiscard]] Place find(const std::vector<std::string>& path) const {
    Place place{&root_, 0};
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto found = place.parent->find(path[i]);
      if (found == place.parent->end())
        return place;
      if (i + 1 == path.size()) {
        place.node = &found->second;
        place.key = &found->first;
        return place;
      }
      if (!found->second.is_table())
        return {};
      place.parent = found->second.as_table();
      place.depth = i + 1;
    }
    return place;
  }

  [[nodiscard]] Range range(const toml::source_region& region) const {
    return {offset(region.begin), offset(region.end)};
  }
  [[nodiscard]] std::string slice(const Range& range) const {
    return text_.substr(range.begin, range.end - range.begin);
  }
  [[nodiscard]] const toml::table& root() const { return root_; }

  /// A table that has a header of its own: it begins at the bracket of that. One that only dotted keys or the headers
  /// of its children create has no such place.
  [[nodiscard]] bool has_header(const toml::table& table) const {
    const auto at = range(table.source()).begin;
    return &table != &root_ && !table.is_inline() && at < text_.size() && text_[at] == '[';
  }
  [[nodiscard]] std::size_t line_begin(std::size_t at) const {
    return at == 0 ? 0 : text_.rfind('\n', at - 1) == std::string::npos ? 0 : text_.rfind('\n', at - 1) + 1;
  }
  [[nodiscard]] std::size_t line_next(std::size_t at) const {
    const auto end = text_.find('\n', at);
    return end == std::string::npos ? text_.size() : end + 1;
  }
  /// Where a further `key = value` line of a table belongs: behind the last line of its own. Below the header of a
  /// child the line would become a key of that child. The table is the root or has a header.
  [[nodiscard]] std::size_t end_of(const toml::table& table) const {
    std::size_t end = &table == &root_ ? 0 : line_next(range(table.source()).begin);
    visit_lines(table, [&](const toml::node& node) { end = std::max(end, line_next(range(node.source()).end)); });
    return end;
  }

private:
  /// Values that stand in a table's own lines: not those below headers.
  template <class Each>
  void visit_lines(const toml::table& table, Each each) const {
    for (const auto& [key, node] : table) {
      const auto* inner = node.as_table();
      if (inner == nullptr || inner->is_inline()) {
        if (!is_table_array(node))
          each(node);
      } else if (!has_header(*inner)) {
        visit_lines(*inner, each);
      }
    }
  }
  /// Whether an array was written as [[headers]]. A list of lists begins with two brackets too, but its first element
  /// is no table.
  [[nodiscard]] bool is_table_array(const toml::node& node) const {
    const auto at = range(node.source()).begin;
    return node.is_array() && text_.compare(at, 2, "[[") == 0 && !node.as_array()->empty() &&
           node.as_array()->front().is_table() && range(node.as_array()->front().source()).begin == at;
  }
  [[nodiscard]] std::size_t offset(const toml::source_position& position) const {
    return places_.offset(position.line, position.column);
  }

  const std::string& text_;
  toml::table root_;
  text::Places places_;
};

/// How a value is written where `before` stood. A text over a number, a truth or a list is written bare if TOML takes
/// it so, since a program that reads a number there would refuse "5"; so it is where nothing stood. Over a text it
/// stays one, in the single quotes of the old one if it holds none itself.
std::string literal_of(const Value& value, const std::optional<std::string>& before) {
  const bool was_text = before && (before->starts_with('"') || before->starts_with('\''));
  if (value.is_text && !was_text) {
    try {
      (void)toml::parse("x = " + value.plain);
      return value.plain;
    } catch (const std::exception&) { // a text it is
    }
  }
  const bool was_literal = before && before->starts_with('\'') && !before->starts_with("'''");
  const bool fits = value.plain.find_first_of("'\r\n") == std::string::npos;
  return value.is_text && was_literal && fits ? "'" + value.plain + "'" : value.toml;
}

/// Compares values and not their spelling: 1.50 over 1.5 changes nothing, and the file keeps what it says.
bool means_the_same(const std::string& a, const std::string& b) {
  try {
    return toml::parse("x = " + a) == toml::parse("x = " + b);
  } catch (const std::exception&) {
    return false;
  }
}

/// Puts a whole line at a place where a line begins or the text ends. A last line without its end gets that first: the
/// new one would be glued to it. Ends of lines are those of the file.
std::string with_line(const std::string& text, std::size_t at, const std::string& line) {
  const auto* end = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
  const bool cut = at > 0 && text[at - 1] != '\n';
  return text.substr(0, at) + (cut ? end : "") + line + end + text.substr(at);
}

std::string with_last_line(const std::string& text, const std::string& line) {
  return with_line(text, text.size(), line);
}

/// The text with a further key.
std::string with_key(const std::string& text, const Document& document, const Document::Place& place,
                     const std::vector<std::string>& path, const std::string& value) {
  const auto& table = *place.parent;
  // An inline table stays on its line: { a = 1 } becomes { a = 1, b = 2 }.
  if (table.is_inline()) {
    auto end = document.range(table.source()).end - 1; // the closing brace
    while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t'))
      --end;
    return text.substr(0, end) + (table.empty() ? " " : ", ") + path_text(path, place.depth) + " = " + value +
           (table.empty() ? " " : "") + text.substr(end);
  }
  if (&table == &document.root() || document.has_header(table))
    return with_line(text, document.end_of(table), path_text(path, place.depth) + " = " + value);
  // A table that only the headers of its children name ([a.b] names a) has no lines to add one to: it gets a header of
  // its own, at the end of the file.
  auto header = std::vector<std::string>(path.begin(), path.end() - 1);
  return with_last_line(with_last_line(text, "[" + path_text(header, 0) + "]"), key_text(path.back()) + " = " + value);
}

/// Takes whole lines out, and with them the comment behind the value; from an inline table the member and its comma:
/// the one behind it, or of the last member the one before it.
std::string without_key(const std::string& text, const Document& document, const Document::Place& place) {
  const auto key = document.range(place.key->source()), value = document.range(place.node->source());
  if (!place.parent->is_inline()) {
    const auto begin = document.line_begin(key.begin);
    return text.substr(0, begin) + text.substr(document.line_next(value.end));
  }
  auto begin = key.begin, end = value.end;
  const auto blank = [&](std::size_t at) { return text[at] == ' ' || text[at] == '\t'; };
  while (end < text.size() && blank(end))
    ++end;
  if (text[end] == ',') {
    for (++end; blank(end);)
      ++end;
  } else {
    while (begin > 0 && blank(begin - 1))
      --begin;
    begin -= begin > 0 && text[begin - 1] == ',' ? 1 : 0;
    end = value.end;
  }
  return text.substr(0, begin) + text.substr(end);
}

} // namespace

Result edit_toml(const std::string& text, const Edit& edit) try {
  const Document document(text);
  const auto path = split_path(edit.key);
  const auto place = document.find(path);
  Edited edited;
  if (place.node == nullptr && edit.kind != Edit::Kind::set)
    return Error{fmt::format("the configuration has no key '{}'", edit.key)};
  if (place.parent == nullptr)
    return Error{fmt::format("'{}' cannot be set: something on its way is no table", edit.key)};
  if (place.node != nullptr && place.node->is_table() && !place.node->as_table()->is_inline())
    return Error{fmt::format("'{}' is a table: change its keys one by one", edit.key)};
  if (place.node != nullptr)
    edited.before = document.slice(document.range(place.node->source()));
  switch (edit.kind) {
  case Edit::Kind::set: {
    const auto value = literal_of(edit.value, edited.before);
    edited.after = edited.before && means_the_same(*edited.before, value) ? *edited.before : value;
    if (place.node != nullptr) {
      const auto range = document.range(place.node->source());
      edited.text = text.substr(0, range.begin) + *edited.after + text.substr(range.end);
    } else {
      edited.text = with_key(text, document, place, path, value);
    }
    break;
  }
  case Edit::Kind::unset:
    edited.text = without_key(text, document, place);
    break;
  case Edit::Kind::rename: {
    const auto target_path = split_path(edit.to);
    const auto target = document.find(target_path);
    edited.after = edited.before;
    edited.renamed = edit.to != edit.key;
    if (!edited.renamed) {
      edited.text = text;
      break;
    }
    if (target.parent == nullptr || target.node != nullptr)
      return Error{fmt::format("'{}' cannot be renamed to '{}': {}", edit.key, edit.to,
                               target.node != nullptr ? "that is there already" : "something on its way is no table")};
    // Within one table only the key is replaced, so that its value, its line and the comments around it stay.
    if (target.parent == place.parent && target.depth + 1 == target_path.size()) {
      const auto range = document.range(place.key->source());
      edited.text = text.substr(0, range.begin) + key_text(target_path.back()) + text.substr(range.end);
      break;
    }
    // In another table it is a new line. The places of `document` are wrong once it is taken out: the rest is parsed
    // anew.
    const auto without = without_key(text, document, place);
    const Document rest(without);
    edited.text = with_key(without, rest, rest.find(target_path), target_path, *edited.before);
    break;
  }
  }
  // What was put together is read again. If it does not say what was asked for, the edit is refused: better none than a
  // file that means something else.
  const Document after(edited.text);
  const auto now = after.find(split_path(edit.kind == Edit::Kind::rename ? edit.to : edit.key));
  const bool is_there = now.node != nullptr;
  if (is_there != edited.after.has_value() ||
      (is_there && !means_the_same(after.slice(after.range(now.node->source())), *edited.after)))
    return Error{fmt::format("'{}' cannot be changed without writing other lines of the file anew", edit.key)};
  return Result(boost::system::in_place_value, std::move(edited));
} catch (const toml::parse_error& error) {
  return Error{fmt::format("the configuration is no TOML: {}", error.description())};
} catch (const std::invalid_argument&) { // see scenario/toml_implementation.cpp
  return Error{"the configuration is no TOML, and the parser cannot say where it goes wrong"};
}

} // namespace holdfast::config
