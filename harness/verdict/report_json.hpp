// A report as JSON, and back: what a worker leaves in its bundle for whoever started it.
#pragma once

#include "harness/verdict/verdict.hpp"

#include <boost/json/value.hpp>
#include <optional>

namespace holdfast::verdict {

[[nodiscard]] boost::json::object to_json(const Report& report);

/// Nothing when it is no report.
[[nodiscard]] std::optional<Report> report_of(const boost::json::value& value);

} // namespace holdfast::verdict
