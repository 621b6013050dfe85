// SQL cut into words, as PostgreSQL's scanner does it.
#pragma once

#include <algorithm>
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

/// The tokens of a statement that is read by position: beyond the last there is only `end`.
class Words {
public:
  Words() = default;
  explicit Words(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  [[nodiscard]] const Token& operator[](std::size_t at) const { return tokens_[std::min(at, tokens_.size() - 1)]; }
  [[nodiscard]] bool empty() const { return tokens_.empty(); }
  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] auto begin() const { return tokens_.begin(); }
  [[nodiscard]] auto end() const { return tokens_.end(); }

private:
  std::vector<Token> tokens_;
};

/// Throws SqlFailure when it is no small whole number.
[[nodiscard]] int number_in(const Token& token);

/// Splits at semicolons, quotes and comments respected. Empty statements are left out.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view sql);

} // namespace holdfast::fakes::pg
