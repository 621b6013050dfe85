// The subcommands: one file each, with its help text. A command adds itself to the parser and returns what to call.
#pragma once

#include "harness/scenario/load.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <memory>

namespace holdfast::cli {

/// Exit statuses: 0 pass or reproduced, 1 fail, 2 inconclusive, 3 the scenario or command line is wrong, 4 the harness
/// itself failed, 130 interrupted.
constexpr int wrong_usage = 3;
constexpr int harness_failed = 4;

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

/// The whole command line.
[[nodiscard]] int main_with(int argc, char** argv);

} // namespace holdfast::cli
