// The configuration files of a stack as far as they are known before anything is started. Pure.
#pragma once

#include "harness/scenario/scenario.hpp"

namespace holdfast::scenario {

/// Releases that may be in force after these steps: the one the stack starts with, and those that were deployed.
[[nodiscard]] std::vector<std::string> releases_in_force(const Stack& stack, const std::vector<Step>& steps);

/// A service's configuration file of a release, with "1" in the place of what only a run knows. Nothing when it has
/// none.
[[nodiscard]] std::optional<ConfigFile> config_of(const Stack& stack, const std::string& release,
                                                  const std::string& service);

/// Names that commands, environments and configuration templates may use.
[[nodiscard]] std::vector<std::string> template_names(const Stack& stack);

} // namespace holdfast::scenario
