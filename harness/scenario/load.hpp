// TOML files to Scenario and Stack. Strict: an unknown key, a wrong type or a name that does not exist is an error with
// its place, and all errors of a file are reported at once.
#pragma once

#include "harness/scenario/protocol_schema.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/scenario/step_schema.hpp"
#include "harness/text/duration.hpp"

#include <boost/system/result.hpp>
#include <filesystem>

namespace holdfast::scenario {

/// A `--set key.path=value`, applied to the scenario's table before it is checked.
struct Setting {
  std::string key;   ///< dotted
  std::string value; ///< as TOML; a bare word is taken as a string
};

/// What a scenario may refer to that is not in its files.
struct Catalog {
  std::vector<StepSchema> steps;
  std::vector<CheckSchema> checks;
  std::vector<ProtocolSchema> protocols;
  /// Hosts beyond loopback on whose external dependencies steps may act. Nothing: any, for what has been played
  /// already.
  std::optional<std::vector<std::string>> allowed_external;
};

struct Loaded {
  std::optional<Scenario> scenario; ///< only without diagnostics
  Diagnostics diagnostics;
};

[[nodiscard]] Loaded load_scenario(const std::filesystem::path& file, const Catalog& catalog,
                                   const std::vector<Setting>& settings = {});

/// The same from text; `stack` in it is looked up beside `file`.
[[nodiscard]] Loaded parse_scenario(std::string_view text, const std::filesystem::path& file, const Catalog& catalog,
                                    const std::vector<Setting>& settings = {});

using text::format_duration;
using text::parse_duration;

} // namespace holdfast::scenario
