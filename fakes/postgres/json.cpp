#include "fakes/postgres/json.hpp"

#include "fakes/postgres/decimal.hpp"
#include "fakes/postgres/wire.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

/// Deeper documents count as malformed: the parser calls itself for each level, and a client must not exhaust the
/// stack.
constexpr int depth_limit = 500;

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | code >> 12U);
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | code >> 18U);
    out += static_cast<char>(0x80U | (code >> 12U & 0x3FU));
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

/// Strict, as PostgreSQL's parser: no leading zeros, no control characters in strings, nothing behind the document.
class Parser {
public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<Json> document() {
    auto value = this->value(0);
    blanks();
    if (!rest_.empty())
      return std::nullopt;
    return value;
  }

private:
  void blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
  }
  bool take(std::string_view text) {
    blanks();
    if (!rest_.starts_with(text))
      return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::optional<Json> value(int depth) {
    blanks();
    if (rest_.empty() || depth > depth_limit)
      return std::nullopt;
    if (take("null"))
      return Json{};
    if (take("true"))
      return Json{Json::Kind::boolean, "true"};
    if (take("false"))
      return Json{Json::Kind::boolean, "false"};
    if (rest_[0] == '"') {
      auto text = string();
      return text ? std::optional(Json{Json::Kind::string, *text}) : std::nullopt;
    }
    if (take("[")) {
      Json array{Json::Kind::array};
      if (take("]"))
        return array;
      do {
        auto item = value(depth + 1);
        if (!item)
          return std::nullopt;
        array.items.push_back(std::move(*item));
      } while (take(","));
      return take("]") ? std::optional(std::move(array)) : std::nullopt;
    }
    if (take("{"))
      return object(depth);
    return number();
  }

  std::optional<Json> object(int depth) {
    Json result{Json::Kind::object};
    if (take("}"))
      return result;
    do {
      blanks();
      auto name = string();
      if (!name || !take(":"))
        return std::nullopt;
      auto item = value(depth + 1);
      if (!item)
        return std::nullopt;
      result.members.emplace_back(std::move(*name), std::move(*item));
    } while (take(","));
    return take("}") ? std::optional(std::move(result)) : std::nullopt;
  }

  std::optional<Json> number() {
    std::size_t at = rest_.starts_with('-') ? 1 : 0;
    const auto digits = [&] {
      const auto from = at;
      while (at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9')
        ++at;
      return at - from;
    };
    const bool zero = rest_.substr(at).starts_with('0');
    const auto whole = digits();
    if (whole == 0 || (zero && whole > 1))
      return std::nullopt;
    if (rest_.substr(at).starts_with('.') && (++at, digits()) == 0)
      return std::nullopt;
    if (at < rest_.size() && (rest_[at] == 'e' || rest_[at] == 'E')) {
      ++at;
      if (at < rest_.size() && (rest_[at] == '+' || rest_[at] == '-'))
        ++at;
      if (digits() == 0)
        return std::nullopt;
    }
    Json result{Json::Kind::number, std::string(rest_.substr(0, at))};
    rest_.remove_prefix(at);
    return result;
  }

  std::optional<unsigned> four_hex() {
    unsigned code = 0;
    if (rest_.size() < 4 || std::from_chars(rest_.data(), rest_.data() + 4, code, 16).ptr != rest_.data() + 4)
      return std::nullopt;
    rest_.remove_prefix(4);
    return code;
  }

  std::optional<std::string> string() {
    if (!rest_.starts_with('"'))
      return std::nullopt;
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_[0] != '"') {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (static_cast<unsigned char>(c) < 0x20)
        return std::nullopt;
      if (c != '\\') {
        text += c;
        continue;
      }
      if (rest_.empty())
        return std::nullopt;
      const char escaped = rest_[0];
      rest_.remove_prefix(1);
      static constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
      if (const auto at = names.find(escaped); at != std::string_view::npos) {
        text += meant[at];
        continue;
      }
      auto code = escaped == 'u' ? four_hex() : std::nullopt;
      if (!code)
        return std::nullopt;
      // A letter beyond the first 65,536 is written as two escapes.
      if (*code >= 0xD800 && *code < 0xDC00 && rest_.starts_with("\\u")) {
        rest_.remove_prefix(2);
        const auto low = four_hex();
        if (!low || *low < 0xDC00 || *low > 0xDFFF)
          return std::nullopt;
        code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
      }
      append_utf8(text, *code);
    }
    if (rest_.empty())
      return std::nullopt;
    rest_.remove_prefix(1);
    return text;
  }

  std::string_view rest_;
};

/// Sorts the members of `value` in passing, hence not const.
void write(std::string& out, Json& value) {
  switch (value.kind) {
  case Json::Kind::null:
    out += "null";
    break;
  case Json::Kind::boolean:
    out += value.text;
    break;
  case Json::Kind::number: {
    const auto number = parse_decimal(value.text);
    out += number ? to_text(*number) : value.text;
    break;
  }
  case Json::Kind::string:
    out += quoted_json(value.text);
    break;
  case Json::Kind::array: {
    out += "[";
    const char* separator = "";
    for (auto& item : value.items) {
      out += separator;
      write(out, item);
      separator = ", ";
    }
    out += "]";
    break;
  }
  case Json::Kind::object: {
    auto& members = value.members;
    std::reverse(members.begin(), members.end()); // of equal names the last comes first now, and is kept
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
      return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
    });
    members.erase(
        std::unique(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
        members.end());
    out += "{";
    const char* separator = "";
    for (auto& [name, item] : members) {
      out += separator + quoted_json(name) + ": ";
      write(out, item);
      separator = ", ";
    }
    out += "}";
  }
  }
}

} // namespace

std::optional<Json> parse_json(std::string_view text) {
  return Parser(text).document();
}

std::string canonical(Json value) {
  std::string out;
  write(out, value);
  return out;
}

std::string quoted_json(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    static constexpr std::string_view meant = "\"\\\b\f\n\r\t", names = "\"\\bfnrt";
    if (const auto at = meant.find(c); at != std::string_view::npos)
      (out += '\\') += names[at];
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

/// Of members of one name the last counts, as in jsonb.
const Json* member(const Json& value, std::string_view name) {
  const auto found =
      std::find_if(value.members.rbegin(), value.members.rend(), [&](const auto& one) { return one.first == name; });
  return found == value.members.rend() ? nullptr : &found->second;
}

const Json* element(const Json& value, long long index) {
  const auto size = static_cast<long long>(value.items.size());
  if (index < 0)
    index += size;
  return index < 0 || index >= size ? nullptr : &value.items[static_cast<std::size_t>(index)];
}

bool contains(const Json& a, const Json& b) {
  // An array contains a scalar that is one of its items: an exception of PostgreSQL's for the whole document, which the
  // comparison of kinds below excludes for arrays in arrays.
  if (a.kind == Json::Kind::array && b.kind != Json::Kind::array && b.kind != Json::Kind::object)
    return std::any_of(a.items.begin(), a.items.end(), [&](const Json& item) { return contains(item, b); });
  if (a.kind != b.kind)
    return false;
  if (a.kind == Json::Kind::array)
    return std::all_of(b.items.begin(), b.items.end(), [&](const Json& wanted) {
      return std::any_of(a.items.begin(), a.items.end(),
                         [&](const Json& item) { return item.kind == wanted.kind && contains(item, wanted); });
    });
  if (a.kind == Json::Kind::object)
    return std::all_of(b.members.begin(), b.members.end(), [&](const auto& wanted) {
      const auto* found = member(a, wanted.first);
      return found != nullptr && contains(*found, wanted.second);
    });
  if (a.kind == Json::Kind::number) {
    const auto x = parse_decimal(a.text), y = parse_decimal(b.text);
    return x && y && compare(*x, *y) == 0;
  }
  return a.text == b.text;
}

const char* type_name(const Json& value) {
  static constexpr const char* names[] = {"null", "boolean", "number", "string", "array", "object"};
  return names[static_cast<int>(value.kind)];
}

std::optional<std::vector<std::optional<std::string>>> parse_array(std::string_view text) {
  const auto blanks = [&] {
    while (text.starts_with(' '))
      text.remove_prefix(1);
  };
  blanks();
  if (!text.starts_with('{'))
    return std::nullopt;
  text.remove_prefix(1);
  std::vector<std::optional<std::string>> elements;
  blanks();
  if (text == "}")
    return elements;
  for (;;) {
    blanks();
    std::string value;
    const bool quoted = text.starts_with('"');
    if (text.starts_with('{'))
      unsupported("arrays of more than one dimension");
    if (quoted) {
      text.remove_prefix(1);
      while (!text.empty() && text[0] != '"') {
        if (text[0] == '\\' && text.size() > 1)
          text.remove_prefix(1);
        value += text[0];
        text.remove_prefix(1);
      }
      if (text.empty())
        return std::nullopt;
      text.remove_prefix(1);
      blanks();
    } else {
      const auto end = text.find_first_of(",}");
      if (end == std::string_view::npos || end == 0)
        return std::nullopt;
      value = text.substr(0, end);
      while (value.ends_with(' '))
        value.pop_back();
      text.remove_prefix(end);
    }
    // An unquoted NULL in any case is a null, "NULL" in quotes a text.
    const bool null = !quoted && value.size() == 4 &&
                      std::equal(value.begin(), value.end(), "null", [](char a, char b) { return (a | 0x20) == b; });
    elements.push_back(null ? std::nullopt : std::optional(std::move(value)));
    if (text.starts_with('}'))
      return text.size() == 1 ? std::optional(std::move(elements)) : std::nullopt;
    if (!text.starts_with(','))
      return std::nullopt;
    text.remove_prefix(1);
  }
}

std::string show_array(const std::vector<std::optional<std::string>>& elements) {
  std::string out = "{";
  for (const auto& element : elements) {
    if (out.size() > 1)
      out += ',';
    if (!element) {
      out += "NULL";
      continue;
    }
    // Quoted when it would otherwise be read back as something else: blanks, separators, nothing at all, the word null.
    const bool plain = !element->empty() && element->find_first_of("{},\"\\ \t\n\r\v\f") == std::string::npos &&
                       !(element->size() == 4 && std::equal(element->begin(), element->end(), "null",
                                                            [](char a, char b) { return (a | 0x20) == b; }));
    if (plain) {
      out += *element;
      continue;
    }
    out += '"';
    for (const char c : *element) {
      if (c == '"' || c == '\\')
        out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

} // namespace holdfast::fakes::pg
