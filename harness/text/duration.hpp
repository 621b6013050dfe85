// Lengths of time as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::text {

/// "1500ms", "2s", "0.5s", "3m", "10us"; nothing when it is not a duration or does not fit.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

} // namespace holdfast::text
