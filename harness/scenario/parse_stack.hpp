// One stack file to a Stack. Used by the loader of this room only.
#pragma once

#include "harness/scenario/configurations.hpp"
#include "harness/scenario/load.hpp"
#include "harness/scenario/toml_reader.hpp"

namespace holdfast::scenario {

[[nodiscard]] Stack parse_stack(const toml::table& root, const std::filesystem::path& file, const Catalog& catalog,
                                ParseContext& context);

/// The `[operations]` of a stack file.
[[nodiscard]] std::vector<Operation> parse_operations(const toml::table& table, const Stack& stack,
                                                      ParseContext& context);

template <class T>
[[nodiscard]] std::vector<std::string> names_of(const std::vector<T>& all) {
  std::vector<std::string> names;
  for (const auto& one : all)
    names.push_back(one.name);
  return names;
}

} // namespace holdfast::scenario
