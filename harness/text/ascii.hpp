// Letters as protocols compare them: ASCII alone, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::text {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string all(text);
  for (auto& c : all)
    c = lower(c);
  return all;
}

} // namespace holdfast::text
