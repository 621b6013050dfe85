#include "harness/history/values.hpp"

#include <cstring>

namespace holdfast::history {

namespace {

constexpr std::size_t sizes = 2 * sizeof(std::uint32_t);

/// The sizes of a name and its value. Copied out, since an entry begins at any byte and they are not aligned.
std::pair<std::uint32_t, std::uint32_t> sizes_at(std::string_view text) {
  std::uint32_t name = 0, value = 0;
  std::memcpy(&name, text.data(), sizeof name);
  std::memcpy(&value, text.data() + sizeof name, sizeof value);
  return {name, value};
}

std::string entry(std::string_view name, std::string_view value) {
  const std::uint32_t both[] = {static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())};
  std::string text(sizes + name.size() + value.size(), '\0');
  std::memcpy(text.data(), both, sizes);
  name.copy(text.data() + sizes, name.size());
  value.copy(text.data() + sizes + name.size(), value.size());
  return text;
}

} // namespace

Values::Pair Values::Iterator::operator*() const {
  const auto [name, value] = sizes_at(rest_);
  return {rest_.substr(sizes, name), rest_.substr(sizes + name, value)};
}

Values::Iterator& Values::Iterator::operator++() {
  const auto [name, value] = sizes_at(rest_);
  rest_.remove_prefix(sizes + name + value);
  return *this;
}

Values::Values(std::initializer_list<Pair> pairs) {
  for (const auto& [name, value] : pairs)
    set(name, value);
}

// Keeps the entries in the order of their names: values that are equal have equal bytes, which is what `==` compares.
void Values::set(std::string_view name, std::string_view value) {
  auto added = entry(name, value); // first: both may be views of our own text
  std::size_t at = 0;
  for (const auto& [other, text] : *this) {
    const auto size = sizes + other.size() + text.size();
    if (other >= name) {
      text_.replace(at, other == name ? size : 0, added);
      return;
    }
    at += size;
  }
  text_ += added;
}

std::optional<std::string_view> Values::find(std::string_view name) const {
  for (const auto& [other, value] : *this)
    if (other == name)
      return value;
  return std::nullopt;
}

} // namespace holdfast::history
