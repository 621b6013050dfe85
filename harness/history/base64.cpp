#include "harness/history/base64.hpp"

#include <cstdint>

namespace holdfast::history {

namespace {
constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : digits[group >> (18 - 6 * k) & 63U];
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  std::uint32_t bits = 0;
  std::size_t count = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const auto value = digits.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    // Six bits a digit, so that every digit but the first of four completes a byte.
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    if (++count % 4 != 1)
      bytes += static_cast<char>(bits >> (6 - 2 * ((count - 1) % 4)));
  }
  return bytes;
}

} // namespace holdfast::history
