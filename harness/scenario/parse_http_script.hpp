// The `routes` of an HTTP dependency. Used by the parsers of this room only.
#pragma once

#include "harness/scenario/http_script.hpp"
#include "harness/scenario/toml_reader.hpp"

namespace holdfast::scenario {

/// `key` is the table's, for messages: "dependencies.payments.routes".
/// `"/pointer" = value` or `{ not, at_least, at_most }`, of `what`.
void parse_comparisons(const std::string& pointer, const toml::node& node, std::vector<JsonComparison>& into,
                       const std::string& what, ParseContext& context);

[[nodiscard]] HttpScript parse_http_script(const toml::table& routes, const std::string& key, ParseContext& context);

} // namespace holdfast::scenario
