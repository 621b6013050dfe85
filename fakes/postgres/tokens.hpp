// SQL cut into words, as PostgreSQL's scanner does it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fakes::pg {

struct Token {
  enum class Kind { word, quoted, string, number, parameter, symbol, end };
  Kind kind = Kind::end;
  std::string text;      ///< a word in lower case; quoted names and strings without quotes; the digits of a parameter
  std::size_t begin = 0; ///< in the statement
  std::size_t end = 0;
};

/// The last one is `end`. Throws SqlFailure where PostgreSQL's scanner would.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view sql);

/// Splits at semicolons, quotes and comments respected. Empty statements are left out.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view sql);

} // namespace holdfast::fakes::pg
