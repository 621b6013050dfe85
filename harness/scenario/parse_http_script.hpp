// The `routes` of an HTTP dependency. Used by the parsers of this room only.
#pragma once

#include "harness/scenario/http_script.hpp"
#include "harness/scenario/toml_reader.hpp"

namespace holdfast::scenario {

/// `key` is the table's, for messages: "dependencies.payments.routes".
[[nodiscard]] HttpScript parse_http_script(const toml::table& routes, const std::string& key, ParseContext& context);

} // namespace holdfast::scenario
