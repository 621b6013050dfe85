#include "harness/scenario/parse_settings.hpp"

#include "harness/scenario/configurations.hpp"
#include "harness/scenario/parse_stack.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/text/input_file.hpp"
#include "harness/text/pattern.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::scenario {

namespace {

/// A text may hold braces of the program that reads it. Only a name that is nearly one of ours is taken for a mistake.
std::optional<std::string> checked_template(TableReader& reader, const KeySchema& key, std::optional<std::string> text,
                                            const Stack& stack) {
  constexpr std::size_t near = 2; // as in [releases]
  const auto known = template_names(stack);
  for (const auto& name : placeholders(text.value_or("")))
    if (std::find(known.begin(), known.end(), name) == known.end() && is_near(name, known, near))
      reader.error(key.name, fmt::format("nothing fills '{{{}}}' of '{}'", name, key.name), suggest(name, known));
  return text;
}

std::optional<Value> parse_value(TableReader& reader, const KeySchema& key, const Stack& stack) {
  const auto wrap = [](auto&& optional) -> std::optional<Value> {
    if (!optional)
      return std::nullopt;
    return Value(*optional);
  };
  const auto named = [&](const std::vector<std::string>& known, std::string_view kind) {
    auto name = reader.text(key.name);
    if (name)
      expect_known(*name, known, kind, reader.source(key.name), reader.context());
    return name;
  };
  switch (key.type) {
  case ValueType::boolean:
    return wrap(reader.boolean(key.name));
  case ValueType::integer:
    return wrap(reader.integer(key.name, 0));
  case ValueType::number:
    return wrap(reader.number(key.name, 0, 1e12));
  case ValueType::duration:
    return wrap(reader.duration(key.name));
  case ValueType::positive_duration: {
    const auto duration = reader.duration(key.name);
    if (duration && duration->count() == 0)
      reader.error(key.name, fmt::format("'{}' of nothing does nothing", key.name), key.help);
    return wrap(duration);
  }
  case ValueType::text_template:
    return wrap(checked_template(reader, key, reader.text(key.name), stack));
  case ValueType::file_template: {
    const auto name = reader.text(key.name);
    if (!name)
      return std::nullopt;
    const auto read = text::read_file(template_path(stack.file, *name));
    if (const auto* unreadable = std::get_if<text::Unreadable>(&read)) {
      reader.error(key.name, fmt::format("of the file '{}', {}", *name, unreadable->why),
                   "it is looked up from the folder of the stack file");
      return std::nullopt;
    }
    return wrap(checked_template(reader, key, std::get<std::string>(read), stack));
  }
  case ValueType::literal:
    return wrap(reader.literal(key.name));
  case ValueType::strings:
    return wrap(reader.text_or_texts(key.name));
  case ValueType::patterns: {
    auto patterns = reader.text_or_texts(key.name);
    for (const auto& pattern : patterns.value_or(std::vector<std::string>{}))
      if (const auto compiled = text::Pattern::compile(pattern);
          const auto* bad = std::get_if<text::BadPattern>(&compiled))
        reader.error(key.name,
                     fmt::format("'{}' is no pattern: {}, at its letter {}", pattern, bad->message, bad->at + 1));
    return wrap(patterns);
  }
  case ValueType::release:
    return wrap(named(names_of(stack.releases), "release"));
  case ValueType::service:
    return wrap(named(names_of(stack.services), "service"));
  case ValueType::string:
    return wrap(key.choices.empty() ? reader.text(key.name) : reader.choice(key.name, key.choices));
  }
  return std::nullopt;
}

} // namespace

Settings parse_settings(TableReader& reader, const std::vector<KeySchema>& keys, const std::string& of,
                        const Stack& stack) {
  Settings settings;
  for (const auto& key : keys) {
    if (key.required && !reader.has(key.name)) {
      reader.context().error(reader.source(), fmt::format("'{}' needs '{}': {}", of, key.name, key.help));
      // Asked for all the same: where the key is misspelt, the unknown one is told this name.
      (void)reader.any(key.name);
      continue;
    }
    if (auto value = parse_value(reader, key, stack))
      settings[key.name] = *value;
  }
  return settings;
}

} // namespace holdfast::scenario
