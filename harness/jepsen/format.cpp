// Which format a history is in, told from how it begins.
#include "harness/jepsen/reader.hpp"

namespace holdfast::jepsen {

namespace {

void drop_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

} // namespace

std::optional<Format> format_of(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  drop_space(text);
  if (text.empty() || text[0] == ';' || text[0] == '#' || text[0] == '(' || text[0] == ',')
    return Format::edn;
  const bool is_array = text[0] == '[';
  if (is_array) {
    text.remove_prefix(1);
    drop_space(text);
    if (text.empty() || text[0] == ']' || text[0] == ';' || text[0] == '#')
      return Format::edn; // `[]` means the same in both
  }
  if (text.empty() || text[0] != '{')
    return std::nullopt;
  text.remove_prefix(1);
  drop_space(text);
  // Holdfast writes `seq` first in every line (harness/history/FORMAT.md); Jepsen's events have no such key.
  if (text.starts_with("\"seq\"") && !is_array)
    return Format::holdfast;
  if (text.starts_with('"'))
    return Format::json;
  return Format::edn;
}

} // namespace holdfast::jepsen
