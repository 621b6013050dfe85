// The subcommands, and what they share.
#pragma once

#include "harness/bundle/bundle.hpp"
#include "harness/cli/arguments.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/scenario/load.hpp"

namespace holdfast::cli {

[[nodiscard]] Command run_command();
[[nodiscard]] Command lint_command();
[[nodiscard]] Command check_command();
[[nodiscard]] Command show_command();
[[nodiscard]] Command export_command();

/// Scenario files among `paths`; folders are searched for *.toml with a [scenario]. Nothing, having said why, when one
/// is not there.
[[nodiscard]] std::optional<std::vector<std::filesystem::path>> find_scenarios(const std::vector<std::string>& paths);

/// "key=value" to a Setting; nothing, having said why, when it is not of that form.
[[nodiscard]] std::optional<std::vector<scenario::Setting>> parse_settings(const std::vector<std::string>& texts);

/// --format, with every format of reports to choose from.
void offer_formats(Arguments& arguments, std::string& target);

/// Says what is wrong with a bundle; the status: of the user's mistake, or of the harness's own files.
[[nodiscard]] int wrong(std::string_view command, const bundle::Problem& problem);

/// Of --allow-external, which says the same wherever scenarios are read.
constexpr auto allow_external_help = "HOST: steps may act on external dependencies there, where nothing is lost by it";

} // namespace holdfast::cli
