#include "harness/scenario/placeholders.hpp"

namespace holdfast::scenario {

namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-' || c == '>';
}

/// Calls `plain` for text between placeholders and `name` for each placeholder, in order.
template <class Plain, class Name>
void walk(std::string_view text, Plain plain, Name name) {
  std::size_t begin = 0;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    std::size_t end = open + 1;
    while (end < text.size() && is_name(text[end]))
      ++end;
    if (end == open + 1 || end >= text.size() || text[end] != '}')
      continue;
    // A variable of a shell or of another program: `${x}` is passed on as it is.
    if (open > 0 && text[open - 1] == '$') {
      open = end;
      continue;
    }
    // `{{x}}` writes `{x}`: the outer braces are left out, and the inner ones are plain text.
    if (open > begin && text[open - 1] == '{' && end + 1 < text.size() && text[end + 1] == '}') {
      plain(text.substr(begin, open - 1 - begin));
      plain(text.substr(open, end + 1 - open));
      begin = end + 2;
      open = end + 1;
      continue;
    }
    plain(text.substr(begin, open - begin));
    name(text.substr(open + 1, end - open - 1));
    begin = end + 1;
    open = end;
  }
  plain(text.substr(begin));
}

} // namespace

std::vector<std::string> placeholders(std::string_view text) {
  std::vector<std::string> names;
  walk(
      text, [](std::string_view) {}, [&](std::string_view name) { names.emplace_back(name); });
  return names;
}

std::string substitute(std::string_view text, const Lookup& lookup) {
  std::string result;
  result.reserve(text.size() + 32);
  walk(
      text, [&](std::string_view plain) { result += plain; },
      [&](std::string_view name) {
        if (auto value = lookup(name)) {
          result += *value;
        } else {
          result += '{';
          result += name;
          result += '}';
        }
      });
  return result;
}

} // namespace holdfast::scenario
