// PostgreSQL's dialect to SQLite's: what an ordinary service writes. Not a parser: SQLite judges what comes out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fakes {

struct Translated {
  std::string keyword;     ///< lower case, the first word
  std::string sql;         ///< for SQLite
  bool locks_rows = false; ///< FOR UPDATE and its kin
};

/// Splits at semicolons, quotes and comments respected. Empty statements are left out.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view sql);

[[nodiscard]] Translated translate(std::string_view statement);

/// The highest n of the `$n` outside of quotes and comments.
[[nodiscard]] int highest_parameter(std::string_view statement);

/// PostgreSQL's type number for a column's declared type; 25 (text) for what is not known.
[[nodiscard]] int type_of_column(const char* declared);

} // namespace holdfast::fakes
