// What the formats have in common: the choice of the editor, and the words of a value in each of them.
#include "harness/config/edit.hpp"

#include "harness/text/escape.hpp"

#include <fmt/format.h>

namespace holdfast::config {

Value text_value(std::string text) {
  Value value{.plain = text};
  text::append_json(value.json, text);
  value.toml = value.json; // a basic string of TOML has JSON's escapes
  return value;
}

boost::system::result<Edited, Error> edit(Format format, const std::string& text, const Edit& edit) {
  if (edit.key.empty() || (edit.kind == Edit::Kind::rename && edit.to.empty()))
    return Error{"a key must not be empty"};
  switch (format) {
  case Format::properties:
    return edit_properties(text, edit);
  case Format::toml:
    return edit_toml(text, edit);
  case Format::json:
    return edit_json(text, edit);
  case Format::text:
    break;
  }
  return Error{"the file is of a format that is not known (format = \"text\"): no single key of it can be changed"};
}

std::optional<Error> why_not_editable(Format format, const std::string& text) {
  // Tries the one edit that succeeds on every file of its format: to set a key that is not there. An unset or a rename
  // would fail on a good file too, for want of the key. What comes of the edit is thrown away.
  const auto tried =
      edit(format, text, {Edit::Kind::set, "holdfast-looks-whether-keys-can-be-set", text_value("1"), {}});
  return tried ? std::nullopt : std::optional(tried.error());
}

std::string hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("{:016x}", hash);
}

} // namespace holdfast::config
