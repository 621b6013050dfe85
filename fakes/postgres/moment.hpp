// Dates, times and intervals as PostgreSQL counts, reads and writes them: microseconds and days since 2000-01-01, UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::fakes::pg {

inline constexpr std::int64_t second_us = 1'000'000, day_us = 86400 * second_us;
inline constexpr std::int64_t forever = INT64_MAX, always_before = INT64_MIN; ///< infinity and -infinity

struct Interval {
  std::int64_t months = 0, days = 0, us = 0;
};

/// Months, days and a time that no conversion mixes; kept as "months days microseconds".
[[nodiscard]] std::string stored(const Interval& interval);
[[nodiscard]] Interval from_stored(std::string_view text);
/// Months of 30 days: PostgreSQL's own measure for comparisons.
[[nodiscard]] std::int64_t length_us(const Interval& interval);

/// These throw SqlFailure, with PostgreSQL's SQLSTATE, for a text that they cannot read.
[[nodiscard]] std::int64_t read_date(std::string_view text);
[[nodiscard]] std::int64_t read_time(std::string_view text);
enum class Zone { honoured, ignored };
[[nodiscard]] std::int64_t read_timestamp(std::string_view text, Zone zone);
[[nodiscard]] Interval read_interval(std::string_view text);

[[nodiscard]] std::string show_date(std::int64_t days);
[[nodiscard]] std::string show_time(std::int64_t us);
[[nodiscard]] std::string show_timestamp(std::int64_t us);
[[nodiscard]] std::string show_interval(const Interval& interval);

/// The last day of a shorter month where the day does not exist.
[[nodiscard]] std::int64_t plus(std::int64_t timestamp_us, const Interval& interval);
[[nodiscard]] std::int64_t floor_days(std::int64_t us);
/// extract(): as text of a numeric. Throws for a field that there is not.
[[nodiscard]] std::string extract(std::string_view field, std::int64_t timestamp_us, bool is_date);
[[nodiscard]] std::string extract(std::string_view field, const Interval& interval);
[[nodiscard]] std::int64_t truncated(std::string_view field, std::int64_t timestamp_us);
[[nodiscard]] std::int64_t wall_clock_us();

} // namespace holdfast::fakes::pg
