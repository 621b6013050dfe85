// The settings of a kind of step or check, by its own schema. Used by the loader of this room only.
#pragma once

#include "harness/scenario/stack.hpp"
#include "harness/scenario/toml_reader.hpp"

namespace holdfast::scenario {

/// `of` is what the settings belong to, for errors. Only keys that were given, and are right, are in the result.
[[nodiscard]] Settings parse_settings(TableReader& reader, const std::vector<KeySchema>& keys, const std::string& of,
                                      const Stack& stack);

} // namespace holdfast::scenario
