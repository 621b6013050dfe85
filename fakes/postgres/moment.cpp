// Reads and writes dates, times and timestamps in PostgreSQL's ISO form, and counts with them in UTC. What is written
// in other forms, or names another zone by its name, is refused.
#include "fakes/postgres/moment.hpp"

#include "fakes/postgres/wire.hpp"
#include "harness/protocol/conversation.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

using namespace std::chrono;
using protocol::lower;

constexpr sys_days epoch = 2000y / January / 1;

/// Reads a text from its front.
struct Reader {
  std::string_view rest;
  [[nodiscard]] std::optional<int> number(std::size_t most = 9) {
    std::size_t size = 0;
    while (size < rest.size() && size < most && rest[size] >= '0' && rest[size] <= '9')
      ++size;
    int value = 0;
    if (size == 0)
      return std::nullopt;
    std::from_chars(rest.data(), rest.data() + size, value);
    rest.remove_prefix(size);
    return value;
  }
  bool take(char c) {
    if (!rest.starts_with(c))
      return false;
    rest.remove_prefix(1);
    return true;
  }
  void blanks() {
    while (take(' '))
      ;
  }
};

/// PostgreSQL also reads "4 Jul 2024". That the fake does not is said, instead of calling a good date malformed.
[[noreturn]] void malformed(std::string_view type, std::string_view text) {
  const auto low = lower(text);
  for (const auto* month : {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"})
    if (low.find(month) != std::string::npos)
      unsupported(fmt::format("moments that are not in ISO form: \"{}\"", text));
  fail("22007", fmt::format("invalid input syntax for type {}: \"{}\"", type, text));
}
[[noreturn]] void out_of_range(std::string_view text) {
  fail("22008", fmt::format("date/time field value out of range: \"{}\"", text));
}

/// Takes 2024-01-31 or 20240131 from the front. Nothing when there is no date there; throws for a day that no month
/// has.
std::optional<std::int64_t> date_of(Reader& in, std::string_view whole) {
  auto y = in.number();
  if (!y)
    return std::nullopt;
  std::optional<int> m, d;
  if (*y >= 10000101 && *y <= 99991231) { // 20240131
    d = *y % 100;
    m = *y / 100 % 100;
    y = *y / 10000;
  } else {
    if (in.take('-'))
      m = in.number(2);
    if (m && in.take('-'))
      d = in.number(2);
    if (!m || !d)
      return std::nullopt;
  }
  const year_month_day date{year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))};
  if (!date.ok() || *y < 1)
    out_of_range(whole);
  return (sys_days(date) - epoch).count();
}

/// Takes hours:minutes[:seconds[.fraction]] from the front. Digits beyond microseconds round.
std::optional<std::int64_t> time_of(Reader& in, std::string_view whole) {
  const auto h = in.number(2);
  if (!h || !in.take(':'))
    return std::nullopt;
  const auto m = in.number(2);
  if (!m)
    return std::nullopt;
  int s = 0;
  std::int64_t fraction = 0;
  if (in.take(':')) {
    const auto seconds = in.number(2);
    if (!seconds)
      return std::nullopt;
    s = *seconds;
    if (in.take('.')) {
      std::int64_t unit = second_us / 10;
      bool rounded = false;
      for (; !in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9'; in.rest.remove_prefix(1), unit /= 10) {
        fraction += (in.rest[0] - '0') * unit;
        if (unit == 0 && !rounded)
          fraction += in.rest[0] >= '5' ? 1 : 0, rounded = true;
      }
    }
  }
  if (*h > 24 || *m > 59 || s > 60)
    out_of_range(whole);
  return ((*h * 60 + *m) * 60 + s) * second_us + fraction;
}

/// Microseconds east of UTC.
std::optional<std::int64_t> zone_of(Reader& in) {
  const auto low = lower(in.rest);
  if (low.empty() || low == "z" || low == "utc" || low == "gmt")
    return 0;
  const bool west = in.rest.starts_with('-');
  if (!west && !in.rest.starts_with('+'))
    return std::nullopt;
  in.rest.remove_prefix(1);
  const auto h = in.number(2);
  if (!h)
    return std::nullopt;
  in.take(':');
  const auto m = in.number(2).value_or(0);
  if (!in.rest.empty())
    return std::nullopt;
  const auto east = std::int64_t{*h * 60 + m} * 60 * second_us;
  return west ? -east : east;
}

/// Words that stand for a moment.
std::optional<std::int64_t> special(std::string_view text) {
  const auto low = lower(text);
  if (low == "infinity")
    return forever;
  if (low == "-infinity")
    return always_before;
  if (low == "epoch")
    return (sys_days(1970y / January / 1) - epoch).count() * day_us;
  if (low == "now")
    return wall_clock_us();
  if (low == "today")
    return floor_days(wall_clock_us()) * day_us;
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

year_month_day calendar(std::int64_t days) {
  return epoch + std::chrono::days(days);
}

} // namespace

/// Towards the past: an hour before 2000-01-01 is day -1, while `/` would say day 0.
std::int64_t floor_days(std::int64_t us) {
  return us >= 0 ? us / day_us : -((-us + day_us - 1) / day_us);
}

std::int64_t wall_clock_us() {
  return duration_cast<microseconds>(system_clock::now() - epoch).count();
}

std::int64_t read_date(std::string_view text) {
  const auto whole = text;
  text = trimmed(text);
  if (const auto moment = special(text))
    return *moment == forever || *moment == always_before ? *moment : floor_days(*moment);
  Reader in{text};
  const auto date = date_of(in, whole);
  if (!date)
    malformed("date", whole);
  if (!in.rest.empty()) // a time is read and left out
    return floor_days(read_timestamp(whole, Zone::ignored));
  return *date;
}

std::int64_t read_time(std::string_view text) {
  Reader in{trimmed(text)};
  const auto time = time_of(in, text);
  if (!time || !in.rest.empty())
    malformed("time", text);
  return *time;
}

std::int64_t read_timestamp(std::string_view text, Zone zone) {
  const std::string_view type = zone == Zone::honoured ? "timestamp with time zone" : "timestamp";
  const auto whole = text;
  text = trimmed(text);
  if (const auto moment = special(text))
    return *moment;
  Reader in{text};
  const auto date = date_of(in, whole);
  if (!date)
    malformed(type, whole);
  std::int64_t us = *date * day_us;
  if (in.take('T') || in.take('t') || in.take(' ')) {
    in.blanks();
    const auto time = time_of(in, whole);
    if (!time)
      malformed(type, whole);
    us += *time;
    in.blanks();
  }
  const auto east = zone_of(in);
  if (!east)
    malformed(type, whole);
  return zone == Zone::honoured ? us - *east : us;
}

std::string show_date(std::int64_t days) {
  if (days == forever || days == always_before)
    return days == forever ? "infinity" : "-infinity";
  const auto date = calendar(days);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string show_time(std::int64_t us) {
  const auto seconds = us / second_us;
  auto text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const auto fraction = us % second_us; fraction != 0) {
    text += fmt::format(".{:06}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

std::string show_timestamp(std::int64_t us) {
  if (us == forever || us == always_before)
    return us == forever ? "infinity" : "-infinity";
  const auto days = floor_days(us);
  return show_date(days) + " " + show_time(us - days * day_us);
}

std::int64_t plus(std::int64_t timestamp_us, const Interval& interval) {
  if (timestamp_us == forever || timestamp_us == always_before)
    return timestamp_us;
  auto days = floor_days(timestamp_us);
  const auto time = timestamp_us - days * day_us;
  // Months first, then days, then the time, as PostgreSQL does: 31 January plus one month and one day is 1 March.
  if (interval.months != 0) {
    const auto date = calendar(days);
    const year_month moved = year_month(date.year(), date.month()) + std::chrono::months(interval.months);
    year_month_day to = moved / date.day();
    if (!to.ok())
      to = moved / last;
    days = (sys_days(to) - epoch).count();
  }
  return (days + interval.days) * day_us + time + interval.us;
}

std::string extract(std::string_view field, std::int64_t us, bool is_date) {
  const auto days = floor_days(us);
  const auto date = calendar(days);
  const auto time = us - days * day_us;
  const auto fraction = [&](std::int64_t count, std::int64_t unit, int digits) {
    return fmt::format("{}{}.{:0{}}", count < 0 ? "-" : "", std::abs(count) / unit, std::abs(count) % unit, digits);
  };
  // PostgreSQL counts from 2000, the field epoch from 1970.
  const std::int64_t unix_us = us + (epoch - sys_days(1970y / January / 1)).count() * day_us;
  if (field == "epoch")
    return is_date ? std::to_string(unix_us / second_us) : fraction(unix_us, second_us, 6);
  if (field == "year")
    return std::to_string(static_cast<int>(date.year()));
  if (field == "month")
    return std::to_string(static_cast<unsigned>(date.month()));
  if (field == "day")
    return std::to_string(static_cast<unsigned>(date.day()));
  if (field == "quarter")
    return std::to_string((static_cast<unsigned>(date.month()) + 2) / 3);
  if (field == "dow")
    return std::to_string(weekday(sys_days(date)).c_encoding());
  if (field == "isodow")
    return std::to_string(weekday(sys_days(date)).iso_encoding());
  if (field == "doy")
    return std::to_string((sys_days(date) - sys_days(date.year() / January / 1)).count() + 1);
  if (field == "hour" && !is_date)
    return std::to_string(time / second_us / 3600);
  if (field == "minute" && !is_date)
    return std::to_string(time / second_us / 60 % 60);
  if (field == "second" && !is_date)
    return fraction(time % (60 * second_us), second_us, 6);
  if (field == "milliseconds" && !is_date)
    return fraction(time % (60 * second_us), 1000, 3);
  if (field == "microseconds" && !is_date)
    return std::to_string(time % (60 * second_us));
  unsupported(fmt::format("extract({})", field));
}

std::int64_t truncated(std::string_view field, std::int64_t us) {
  const auto days = floor_days(us);
  const auto date = calendar(days);
  const auto down_to = [&](std::int64_t unit) { return days * day_us + (us - days * day_us) / unit * unit; };
  const auto first_of = [](year_month_day day) { return (sys_days(day) - epoch).count() * day_us; };
  if (field == "microseconds")
    return us;
  if (field == "milliseconds")
    return down_to(1000);
  if (field == "second")
    return down_to(second_us);
  if (field == "minute")
    return down_to(60 * second_us);
  if (field == "hour")
    return down_to(3600 * second_us);
  if (field == "day")
    return days * day_us;
  if (field == "week")
    return (days - (weekday(sys_days(date)).iso_encoding() - 1)) * day_us;
  if (field == "month")
    return first_of(date.year() / date.month() / 1);
  if (field == "quarter")
    return first_of(date.year() / month((static_cast<unsigned>(date.month()) - 1) / 3 * 3 + 1) / 1);
  if (field == "year")
    return first_of(date.year() / January / 1);
  unsupported(fmt::format("date_trunc('{}')", field));
}

} // namespace holdfast::fakes::pg
