#include "harness/text/duration.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace holdfast::text {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double amount = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (error != std::errc{} || !(amount >= 0))
    return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  double scale = 0;
  if (unit == "us")
    scale = 1e3;
  else if (unit == "ms")
    scale = 1e6;
  else if (unit == "s")
    scale = 1e9;
  else if (unit == "m")
    scale = 60e9;
  else if (unit == "h")
    scale = 3600e9;
  else
    return std::nullopt;
  if (amount * scale > 3e17)
    return std::nullopt; // ten years: the sum of two still fits
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(amount * scale)));
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const auto count = duration.count();
  if (count != 0 && count % 1'000'000'000 == 0)
    return fmt::format("{}s", count / 1'000'000'000);
  if (count >= 10'000'000'000)
    return fmt::format("{:.1f}s", static_cast<double>(count) / 1e9);
  if (count >= 1'000'000'000)
    return fmt::format("{:.2f}s", static_cast<double>(count) / 1e9);
  if (count % 1'000'000 == 0 || count >= 10'000'000)
    return fmt::format("{}ms", count / 1'000'000);
  return fmt::format("{}us", count / 1'000);
}

} // namespace holdfast::text
