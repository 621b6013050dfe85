#include "fakes/postgres/functions.hpp"
#include "fakes/postgres/json.hpp"

#include <algorithm>
#include <charconv>

namespace holdfast::fakes::pg {

namespace {

Json document(sqlite3_value* value) {
  return parse_json(text(value)).value_or(Json{});
}

/// What -> and its kin answer: the part as a document or as its text.
Value shown(const Json* part, bool as_text) {
  if (part == nullptr || (as_text && part->kind == Json::Kind::null))
    return {};
  return as_text && part->kind == Json::Kind::string ? part->text : canonical(*part);
}

/// One key of a path: the name of a member, or the index of an element where the value is an array.
const Json* step(const Json& value, const std::string& key) {
  if (value.kind == Json::Kind::object)
    return member(value, key);
  long long index = 0;
  if (value.kind != Json::Kind::array ||
      std::from_chars(key.data(), key.data() + key.size(), index).ptr != key.data() + key.size())
    return nullptr;
  return element(value, index);
}

/// A value of some type, as a document.
std::string as_json(sqlite3_value* value, Type type) {
  const auto plain = value_of(value);
  if (std::holds_alternative<std::monostate>(plain))
    return "null";
  if (type == Type::json || type == Type::jsonb)
    return text(value);
  if (type == Type::boolean)
    return integer(value) != 0 ? "true" : "false";
  if (is_number(type))
    return show_text(type, plain);
  if (is_array(type))
    unsupported("arrays as parts of documents");
  auto shown = show_text(type, plain);
  if (is_moment(type)) // as ISO 8601 wants it
    std::replace(shown.begin(), shown.end(), ' ', 'T');
  if (type == Type::timestamptz)
    shown += ":00";
  return quoted_json(shown);
}

/// jsonb_build_object, jsonb_build_array and to_jsonb: arguments come in pairs of a value and the number of its type.
Value build(Environment&, Arguments a) {
  const auto kind = text(a[0]);
  std::vector<std::string> parts;
  for (std::size_t i = 1; i + 1 < a.size(); i += 2) {
    const auto type = static_cast<Type>(integer(a[i + 1]));
    const bool name = kind == "jsonb_build_object" && (i / 2) % 2 == 0;
    if (name && sqlite3_value_type(a[i]) == SQLITE_NULL)
      fail("22023", "argument 1: key must not be null");
    parts.push_back(name ? quoted_json(show_text(type, value_of(a[i]))) : as_json(a[i], type));
  }
  if (kind == "to_jsonb")
    return canonical(*parse_json(parts.at(0)));
  const bool object = kind == "jsonb_build_object";
  if (object && parts.size() % 2 != 0)
    fail("22023", "argument list must have even number of elements",
         "The arguments of jsonb_build_object() must consist of alternating keys and values.");
  std::string out = object ? "{" : "[";
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : object && i % 2 == 1 ? ":" : ",") + parts[i];
  return canonical(*parse_json(out + (object ? "}" : "]")));
}

Value concatenated(Environment&, Arguments a) {
  auto left = document(a[0]), right = document(a[1]);
  if (left.kind == Json::Kind::object && right.kind == Json::Kind::object) {
    left.members.insert(left.members.end(), right.members.begin(), right.members.end());
    return canonical(std::move(left)); // of equal names the last is kept
  }
  Json all{Json::Kind::array};
  for (auto* part : {&left, &right}) {
    if (part->kind == Json::Kind::array)
      all.items.insert(all.items.end(), part->items.begin(), part->items.end());
    else
      all.items.push_back(*part);
  }
  return canonical(std::move(all));
}

} // namespace

std::vector<SqlFunction> document_functions() {
  return {
      {"pg_json_get", 4,
       [](Environment&, Arguments a) -> Value {
         const auto value = document(a[0]);
         const bool as_text = integer(a[2]) != 0;
         if (sqlite3_value_type(a[1]) == SQLITE_INTEGER)
           return shown(value.kind == Json::Kind::array ? element(value, integer(a[1])) : nullptr, as_text);
         return shown(value.kind == Json::Kind::object ? member(value, text(a[1])) : nullptr, as_text);
       }},
      {"pg_json_path", 4,
       [](Environment&, Arguments a) -> Value {
         const auto value = document(a[0]), path = document(a[1]);
         const auto* at = &value;
         for (const auto& key : path.items)
           if (at != nullptr)
             at = step(*at, key.text);
         return shown(at, integer(a[2]) != 0);
       }},
      {"pg_json_contains", 2,
       [](Environment&, Arguments a) -> Value { return std::int64_t{contains(document(a[0]), document(a[1]))}; }},
      {"pg_json_has", 2,
       [](Environment&, Arguments a) -> Value {
         const auto value = document(a[0]);
         const auto key = text(a[1]);
         const bool item = std::any_of(value.items.begin(), value.items.end(), [&](const Json& one) {
           return one.kind == Json::Kind::string && one.text == key;
         });
         return std::int64_t{item || member(value, key) != nullptr ||
                             (value.kind == Json::Kind::string && value.text == key)};
       }},
      {"pg_json_concat", 2, concatenated},
      {"pg_json_typeof", 1, [](Environment&, Arguments a) -> Value { return std::string(type_name(document(a[0]))); }},
      {"pg_json_build", -1, build, SqlFunction::Nulls::are_values},
  };
}

} // namespace holdfast::fakes::pg
