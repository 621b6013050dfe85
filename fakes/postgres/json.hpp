// JSON as PostgreSQL keeps it: numbers by their digits, jsonb in one canonical text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::fakes::pg {

struct Json {
  enum class Kind { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  std::string text = {}; ///< of a number or a boolean as written; of a string without its escapes
  std::vector<Json> items = {};
  std::vector<std::pair<std::string, Json>> members = {}; ///< in the order written, with repetitions
};

/// Nothing when it is malformed.
[[nodiscard]] std::optional<Json> parse_json(std::string_view text);
/// As jsonb shows it: members by the length of their names and then by name, the last of equal ones, one space after
/// colons and commas.
[[nodiscard]] std::string canonical(Json value);
[[nodiscard]] std::string quoted_json(std::string_view text);
/// The member of that name or the element at that index (from the end when negative); null when there is none.
[[nodiscard]] const Json* member(const Json& value, std::string_view name);
[[nodiscard]] const Json* element(const Json& value, long long index);
/// a @> b
[[nodiscard]] bool contains(const Json& a, const Json& b);
[[nodiscard]] const char* type_name(const Json& value);

/// One-dimensional arrays, as `{a,"b c",NULL}`; nothing when it is malformed.
[[nodiscard]] std::optional<std::vector<std::optional<std::string>>> parse_array(std::string_view text);
[[nodiscard]] std::string show_array(const std::vector<std::optional<std::string>>& elements);

} // namespace holdfast::fakes::pg
