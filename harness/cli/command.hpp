// The subcommands: one file each, with its help text. A command adds itself to the parser and returns what to call.
#pragma once

#include "harness/cli/exit_status.hpp"
#include "harness/scenario/load.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <memory>

namespace holdfast::cli {

struct Command {
  CLI::App* parser = nullptr;
  std::function<int()> run;
};

[[nodiscard]] Command add_run(CLI::App& app);
[[nodiscard]] Command add_lint(CLI::App& app);
[[nodiscard]] Command add_check(CLI::App& app);
[[nodiscard]] Command add_show(CLI::App& app);

/// Scenario files among `paths`; folders are searched for *.toml with a [scenario]. Nothing, having said why, when one
/// is not there.
[[nodiscard]] std::optional<std::vector<std::filesystem::path>> find_scenarios(const std::vector<std::string>& paths);

/// "key=value" to a Setting; nothing, having said why, when it is not of that form.
[[nodiscard]] std::optional<std::vector<scenario::Setting>> parse_settings(const std::vector<std::string>& texts);

} // namespace holdfast::cli
