#include "fakes/postgres/functions.hpp"
#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

/// The bytes of each character.
std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = begin + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
      ++end;
    all.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return all;
}

/// Characters from `begin` on; both are cut to what there is.
std::string slice(std::string_view text, std::int64_t begin, std::int64_t end) {
  const auto all = characters(text);
  const auto size = static_cast<std::int64_t>(all.size());
  std::string out;
  for (auto i = std::max<std::int64_t>(begin, 0); i < std::min(end, size); ++i)
    out += all[static_cast<std::size_t>(i)];
  return out;
}

/// Own code, because SQLite's LIKE ignores the case of ASCII letters. Compares bytes; only `_` must know where a
/// character ends.
bool like(std::string_view text, std::string_view pattern, char escape) {
  while (!pattern.empty()) {
    const char c = pattern[0];
    pattern.remove_prefix(1);
    if (c == '%') {
      while (pattern.starts_with('%'))
        pattern.remove_prefix(1);
      for (std::size_t skipped = 0; skipped <= text.size(); ++skipped)
        if (like(text.substr(skipped), pattern, escape))
          return true;
      return false;
    }
    if (text.empty())
      return false;
    if (c == '_') {
      text.remove_prefix(characters(text.substr(0, 4))[0].size());
      continue;
    }
    const bool escaped = c == escape && escape != '\0';
    if (escaped && pattern.empty())
      fail("22025", "LIKE pattern must not end with escape character");
    if (text[0] != (escaped ? pattern[0] : c))
      return false;
    pattern.remove_prefix(escaped ? 1 : 0);
    text.remove_prefix(1);
  }
  return text.empty();
}

Value substring(Environment&, Arguments a) {
  // A start before the text counts towards the length: substring('abc', 0, 2) is 'a'.
  const auto from = integer(a[1]) - 1;
  if (a.size() == 2)
    return slice(text(a[0]), from, INT64_MAX);
  if (integer(a[2]) < 0)
    fail("22011", "negative substring length not allowed");
  return slice(text(a[0]), from, from + integer(a[2]));
}

} // namespace

std::vector<SqlFunction> text_functions() {
  return {
      {"pg_like", 4,
       [](Environment&, Arguments a) -> Value {
         auto whole = text(a[0]), pattern = text(a[1]);
         if (integer(a[3]) != 0) {
           whole = protocol::lower(whole);
           pattern = protocol::lower(pattern);
         }
         const auto escape = text(a[2]);
         return std::int64_t{like(whole, pattern, escape.empty() ? '\0' : escape[0])};
       }},
      {"pg_substring", 2, substring},
      {"pg_substring", 3, substring},
      {"pg_left", 2,
       [](Environment&, Arguments a) -> Value {
         const auto whole = text(a[0]);
         const auto count = integer(a[1]);
         return slice(whole, 0, count >= 0 ? count : static_cast<std::int64_t>(characters(whole).size()) + count);
       }},
      {"pg_right", 2,
       [](Environment&, Arguments a) -> Value {
         const auto whole = text(a[0]);
         const auto count = integer(a[1]);
         return slice(whole, count >= 0 ? static_cast<std::int64_t>(characters(whole).size()) - count : -count,
                      INT64_MAX);
       }},
      {"pg_repeat", 2,
       [](Environment&, Arguments a) -> Value {
         const auto part = text(a[0]);
         const auto count = std::max<std::int64_t>(integer(a[1]), 0);
         if (static_cast<std::size_t>(count) * part.size() > (1U << 30U))
           fail("54000", "requested length too large");
         std::string out;
         for (std::int64_t i = 0; i < count; ++i)
           out += part;
         return out;
       }},
      {"pg_split_part", 3,
       [](Environment&, Arguments a) -> Value {
         const auto whole = text(a[0]), by = text(a[1]);
         auto wanted = integer(a[2]);
         if (wanted == 0)
           fail("22023", "field position must not be zero");
         std::vector<std::string> parts;
         for (std::size_t begin = 0;;) {
           const auto end = by.empty() ? std::string::npos : whole.find(by, begin);
           parts.push_back(whole.substr(begin, end - begin));
           if (end == std::string::npos)
             break;
           begin = end + by.size();
         }
         if (wanted < 0)
           wanted += static_cast<std::int64_t>(parts.size()) + 1;
         if (wanted < 1 || wanted > static_cast<std::int64_t>(parts.size()))
           return std::string{};
         return parts[static_cast<std::size_t>(wanted) - 1];
       }},
      {"pg_encode", 2,
       [](Environment&, Arguments a) -> Value {
         if (text(a[1]) != "hex")
           unsupported("encode() to other than hex");
         return show_text(Type::bytea, value_of(a[0])).substr(2);
       }},
      {"pg_decode", 2,
       [](Environment&, Arguments a) -> Value {
         if (text(a[1]) != "hex")
           unsupported("decode() from other than hex");
         return read_text({Type::bytea}, "\\x" + text(a[0]));
       },
       SqlFunction::Nulls::give_null, true, Type::bytea},
      {"pg_not_null", 3,
       [](Environment&, Arguments a) -> Value {
         if (sqlite3_value_type(a[0]) != SQLITE_NULL)
           return value_of(a[0]);
         const auto table = text(a[1]), column = text(a[2]);
         throw SqlFailure{
             {"23502",
              fmt::format("null value in column \"{}\" of relation \"{}\" violates not-null constraint", column, table),
              "", "", table, column}};
       },
       SqlFunction::Nulls::are_values},
  };
}

} // namespace holdfast::fakes::pg
