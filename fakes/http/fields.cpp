#include "fakes/http/fields.hpp"

#include "harness/protocol/conversation.hpp"
#include "harness/scenario/placeholders.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace holdfast::fakes {

namespace json = boost::json;

namespace {

json::value entry_of(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? json::value() : json::value(found->second);
}

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

} // namespace

json::value Fields::named(std::string_view name) const {
  const auto dot = name.find('.');
  const auto where = name.substr(0, dot);
  const std::string what(dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1));
  if (where == "number")
    return number_;
  if (where == "path")
    return entry_of(captures_, what);
  if (where == "header")
    return entry_of(request_.headers, protocol::lower(what));
  if (where == "found" && found != nullptr)
    return entry_of(*found, what);
  if (where == "book" && booked != nullptr)
    return entry_of(*booked, what);
  if (where != "json")
    return nullptr;
  std::string pointer = "/" + what; // json.a.b is the field b of a
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  boost::system::error_code none;
  const auto* value = request_.json.find_pointer(pointer, none);
  return value == nullptr ? json::value() : *value;
}

std::string Fields::text(std::string_view form) {
  return scenario::substitute(form, [&](std::string_view name) -> std::optional<std::string> {
    const auto value = named(name);
    if (!value.is_null())
      return plain(value);
    if (missing_.empty())
      missing_ = name;
    return std::string{};
  });
}

BookEntry Fields::texts(const std::map<std::string, std::string>& forms) {
  BookEntry filled;
  for (const auto& [name, form] : forms)
    filled[name] = text(form);
  return filled;
}

json::value Fields::json(const json::value& form) {
  if (const auto* object = form.if_object()) {
    json::object filled;
    for (const auto& [key, member] : *object)
      filled[key] = json(member);
    return filled;
  }
  if (const auto* array = form.if_array()) {
    json::array filled;
    for (const auto& member : *array)
      filled.push_back(json(member));
    return filled;
  }
  if (!form.is_string())
    return form;
  const std::string text_form(form.get_string());
  const auto names = scenario::placeholders(text_form);
  if (names.size() == 1 && text_form.size() == names[0].size() + 2)
    return named(names[0]);
  return json::string(text(text_form));
}

} // namespace holdfast::fakes
