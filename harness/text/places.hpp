// From lines and columns, as parsers count them, to bytes.
#pragma once

#include <string_view>
#include <vector>

namespace holdfast::text {

class Places {
public:
  /// References the text, which must outlive it.
  explicit Places(std::string_view text);
  /// Of a line (1 first; beyond the last one: that) and a column in letters (1 first).
  [[nodiscard]] std::size_t offset(std::size_t line, std::size_t column) const;

private:
  std::string_view text_;
  std::vector<std::size_t> starts_; ///< of each line
};

} // namespace holdfast::text
