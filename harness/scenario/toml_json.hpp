// TOML values as JSON, for bodies that a scenario describes. Used by the parsers of this room only.
#pragma once

#include <boost/json/value.hpp>
#include <toml++/toml.h>

namespace holdfast::scenario {

/// Dates and times, which JSON lacks, become null.
[[nodiscard]] boost::json::value to_json(const toml::node& node);

} // namespace holdfast::scenario
