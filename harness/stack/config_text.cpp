#include "harness/stack/config_text.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <sstream>
#include <toml++/toml.h>

namespace holdfast::stack {

namespace {

using Result = boost::system::result<std::string, ConfigError>;
using Kind = ConfigEdit::Kind;

ConfigError no_key(const std::string& key) {
  return {fmt::format("the configuration has no key '{}'", key)};
}

/// Clang takes a string for the error as well (an aggregate): say which of the two is meant.
Result text_result(std::string text) {
  return Result(boost::system::in_place_value, std::move(text));
}

std::string trim(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? std::string{} : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

Result edit_properties(const std::string& text, const ConfigEdit& edit) {
  std::istringstream lines(text);
  std::string result;
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    const bool comment = trim(line).starts_with('#');
    if (comment || equals == std::string::npos || trim(line.substr(0, equals)) != edit.key) {
      result += line + "\n";
      continue;
    }
    found = true;
    if (edit.kind == Kind::set)
      result += fmt::format("{} = {}\n", edit.key, edit.value);
    if (edit.kind == Kind::rename)
      result += fmt::format("{} ={}\n", edit.value, line.substr(equals + 1));
  }
  if (!found && edit.kind != Kind::set)
    return no_key(edit.key);
  if (!found)
    result += fmt::format("{} = {}\n", edit.key, edit.value);
  return text_result(std::move(result));
}

std::vector<std::string> split(const std::string& key) {
  std::vector<std::string> parts;
  std::istringstream stream(key);
  for (std::string part; std::getline(stream, part, '.');)
    parts.push_back(part);
  return parts;
}

/// The same walk for TOML and JSON: `Tree` says how a child table is found or made.
template <class Table, class Child>
Table* walk(Table& root, const std::vector<std::string>& parts, Child child) {
  Table* at = &root;
  for (std::size_t i = 0; i + 1 < parts.size() && at != nullptr; ++i)
    at = child(*at, parts[i]);
  return at;
}

Result edit_toml(const std::string& text, const ConfigEdit& edit) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return ConfigError{fmt::format("the configuration is no TOML: {}", error.description())};
  }
  const bool make = edit.kind == Kind::set;
  const auto parent_of = [&](const std::vector<std::string>& parts, bool create) {
    return walk(root, parts, [create](toml::table& table, const std::string& name) -> toml::table* {
      if (create && !table.contains(name))
        table.insert(name, toml::table{});
      return table.get_as<toml::table>(name);
    });
  };
  const auto parts = split(edit.key);
  auto* parent = parent_of(parts, make);
  if (parent == nullptr || (!make && !parent->contains(parts.back())))
    return no_key(edit.key);
  if (make) {
    try {
      auto value = toml::parse("x = " + edit.value);
      parent->insert_or_assign(parts.back(), std::move(*value.get("x")));
    } catch (const toml::parse_error&) { // a bare word is a string
      parent->insert_or_assign(parts.back(), edit.value);
    }
  } else if (edit.kind == Kind::unset) {
    parent->erase(parts.back());
  } else {
    const auto target = split(edit.value);
    auto* destination = parent_of(target, true);
    if (destination == nullptr)
      return no_key(edit.value);
    parent->get(parts.back())->visit([&](const auto& value) { destination->insert_or_assign(target.back(), value); });
    parent->erase(parts.back());
  }
  std::ostringstream out;
  out << root << "\n";
  return text_result(out.str());
}

Result edit_json(const std::string& text, const ConfigEdit& edit) {
  boost::system::error_code error;
  auto root = boost::json::parse(text, error);
  if (error || !root.is_object())
    return ConfigError{"the configuration is no JSON object"};
  const bool make = edit.kind == Kind::set;
  const auto parent_of = [&](const std::vector<std::string>& parts, bool create) {
    return walk(root.get_object(), parts,
                [create](boost::json::object& object, const std::string& name) -> boost::json::object* {
                  if (create && object.if_contains(name) == nullptr)
                    object[name] = boost::json::object{};
                  auto* child = object.if_contains(name);
                  return child != nullptr ? child->if_object() : nullptr;
                });
  };
  const auto parts = split(edit.key);
  auto* parent = parent_of(parts, make);
  if (parent == nullptr || (!make && !parent->contains(parts.back())))
    return no_key(edit.key);
  if (make) {
    auto value = boost::json::parse(edit.value, error);
    (*parent)[parts.back()] = error ? boost::json::value(edit.value) : value;
  } else {
    const auto moved = parent->at(parts.back());
    parent->erase(parts.back());
    if (edit.kind == Kind::rename) {
      const auto target = split(edit.value);
      auto* destination = parent_of(target, true);
      if (destination == nullptr)
        return no_key(edit.value);
      (*destination)[target.back()] = moved;
    }
  }
  return text_result(boost::json::serialize(root) + "\n");
}

} // namespace

Result edit_config(scenario::ConfigFormat format, const std::string& text, const ConfigEdit& edit) {
  if (edit.key.empty() || (edit.kind == ConfigEdit::Kind::rename && edit.value.empty()))
    return ConfigError{"a key must not be empty"};
  switch (format) {
  case scenario::ConfigFormat::properties:
    return edit_properties(text, edit);
  case scenario::ConfigFormat::toml:
    return edit_toml(text, edit);
  case scenario::ConfigFormat::json:
    return edit_json(text, edit);
  }
  return text_result(text);
}

std::string config_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("{:016x}", hash);
}

} // namespace holdfast::stack
