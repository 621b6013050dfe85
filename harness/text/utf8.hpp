// Letters in bytes: RFC 3629.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::text {

/// What stands for bytes that are no letter, and for letters that a medium cannot carry.
constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Letter {
  char32_t code = 0;
  std::size_t length = 0; ///< in bytes; 0: the text does not begin with a letter
};

/// The letter at the front of a text that is not empty. Surrogates and overlong forms are none.
[[nodiscard]] Letter first_letter(std::string_view text);

void append_utf8(std::string& out, char32_t code);

} // namespace holdfast::text
