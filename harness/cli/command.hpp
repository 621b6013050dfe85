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

/// The scenario files that `paths` name, as files, patterns or folders; folders are searched for *.toml with a
/// [scenario]. Nothing, having said why, when a folder has none. A file that is not there is in the result: the loader
/// says so.
[[nodiscard]] std::optional<std::vector<std::filesystem::path>> find_scenarios(const std::vector<std::string>& paths);

/// "key=value" to a Setting; nothing, having said why, when it is not of that form.
[[nodiscard]] std::optional<std::vector<scenario::Setting>> parse_settings(const std::vector<std::string>& texts);

/// --format, with every format of reports to choose from.
void offer_formats(Arguments& arguments, std::string& target);

/// Says on standard error why a bundle could not be read. Returns the exit status: that of a wrong command line where
/// it is no bundle, that of the harness's own failure where a bundle is damaged.
[[nodiscard]] int wrong(std::string_view command, const bundle::Problem& problem);

/// The help of --allow-external, which is the same wherever scenarios are read.
constexpr auto allow_external_help = "HOST: steps may act on external dependencies there, where nothing is lost by it";

} // namespace holdfast::cli
