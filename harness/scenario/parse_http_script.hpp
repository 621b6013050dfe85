// The `routes` of an HTTP dependency. Used by the parsers of this room only.
#pragma once

#include "harness/scenario/http_script.hpp"
#include "harness/scenario/toml_reader.hpp"

namespace holdfast::scenario {

/// Reads what a field of JSON is compared with, `"/pointer" = value` or `"/pointer" = { not, at_least, at_most }`, into
/// `into`. `what` is what the comparison belongs to, for messages.
void parse_comparisons(const std::string& pointer, const toml::node& node, std::vector<JsonComparison>& into,
                       const std::string& what, ParseContext& context);

/// `key` is that of the table, for messages: "dependencies.payments.routes".
[[nodiscard]] HttpScript parse_http_script(const toml::table& routes, const std::string& key, ParseContext& context);

} // namespace holdfast::scenario
