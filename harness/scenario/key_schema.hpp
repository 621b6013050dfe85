// What a kind of step or check may be told in TOML. They describe themselves with this, so that the parser checks their
// settings without knowing them.
#pragma once

#include "harness/config/edit.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace holdfast::scenario {

using Duration = std::chrono::nanoseconds;

/// One value of settings, already of the type that the schema asks for.
using Value = std::variant<bool, std::int64_t, double, std::string, Duration, std::vector<std::string>, config::Value>;

using Settings = std::map<std::string, Value>;

/// Nothing where the key was not given.
template <class T>
[[nodiscard]] std::optional<T> get_from(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? std::nullopt : std::optional<T>(std::get<T>(found->second));
}

enum class ValueType {
  boolean,
  integer,
  number,
  string,
  duration,
  positive_duration, ///< more than nothing
  strings,           ///< or one of them
  patterns,          ///< of RE2, one or several
  text_template,     ///< with the placeholders of configurations
  file_template,     ///< a file beside the stack's that holds such a text; the value is the text
  literal,           ///< a text, number, truth or list of these: a value of a configuration
  release,
  service
};

struct KeySchema {
  std::string name;
  ValueType type = ValueType::string;
  bool required = false;
  std::string help;
  std::vector<std::string> choices = {}; ///< string: the only values allowed
};

/// What a check may be told, and what it can find.
struct CheckSchema {
  std::string name;
  std::vector<std::string> kinds;       ///< of findings
  bool survives = false;                ///< [expect] NAME = "survive"
  std::vector<KeySchema> declares = {}; ///< the keys of [declare] NAME = { … }
};

} // namespace holdfast::scenario
