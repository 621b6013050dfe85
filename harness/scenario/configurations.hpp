// The configuration files of a stack as far as they are known before anything is started. Pure.
#pragma once

#include "harness/scenario/scenario.hpp"

#include <filesystem>

namespace holdfast::scenario {

/// Releases that may be in force after these steps: the one the stack starts with, and those that were deployed.
[[nodiscard]] std::vector<std::string> releases_in_force(const Stack& stack, const std::vector<Step>& steps);

/// A service's configuration file of a release, with "1" in the place of what only a run knows. Nothing when it has
/// none.
[[nodiscard]] std::optional<ConfigFile> config_of(const Stack& stack, const std::string& release,
                                                  const std::string& service);

/// Where a bundle keeps its copy of a configuration template that a stack file calls `file`, from the folder of the
/// bundle's stack file: always within it, also of "../shop.conf" and "/etc/shop.conf".
[[nodiscard]] std::filesystem::path copied_as(const std::string& file);

/// Where the template that a stack file calls `file` is read: the copy of a bundle, where there is one, since what the
/// name leads to from a bundle is another file or none; otherwise the file itself, from the folder of the stack file.
[[nodiscard]] std::filesystem::path template_path(const std::filesystem::path& stack_file, const std::string& file);

/// Names that commands, environments and configuration templates may use.
[[nodiscard]] std::vector<std::string> template_names(const Stack& stack);

} // namespace holdfast::scenario
