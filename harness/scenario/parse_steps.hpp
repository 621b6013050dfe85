// The `[[step]]` entries of a scenario. Used by the loader of this room only.
#pragma once

#include "harness/scenario/load.hpp"
#include "harness/scenario/toml_reader.hpp"

namespace holdfast::scenario {

[[nodiscard]] std::vector<Step> parse_steps(const toml::array& steps, const Scenario& scenario, const Catalog& catalog,
                                            ParseContext& context);

/// The links of a stack: its dependencies, its services as users reach them ("accounts"), and its services as other
/// services reach them ("orders>bank").
[[nodiscard]] std::vector<std::string> link_names(const Stack& stack);

} // namespace holdfast::scenario
