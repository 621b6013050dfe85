// Intervals: read in PostgreSQL's verbose and time forms ("1 day 02:00", "3 hours ago"), shown in its style postgres.
#include "fakes/postgres/moment.hpp"
#include "fakes/postgres/wire.hpp"
#include "harness/protocol/conversation.hpp"

#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <unordered_map>

namespace holdfast::fakes::pg {

namespace {

/// A unit is so many months, days or microseconds.
struct Unit {
  Interval one;
};

const Unit* unit_named(const std::string& name) {
  static const std::unordered_map<std::string, Unit> all = [] {
    std::unordered_map<std::string, Unit> map;
    const auto add = [&](Interval one, std::initializer_list<const char*> names) {
      for (const auto* each : names)
        map[each] = {one};
    };
    add({0, 0, 1}, {"microsecond", "microseconds", "us", "usec", "usecs"});
    add({0, 0, 1000}, {"millisecond", "milliseconds", "ms", "msec", "msecs"});
    add({0, 0, second_us}, {"second", "seconds", "sec", "secs", "s"});
    add({0, 0, 60 * second_us}, {"minute", "minutes", "min", "mins", "m"});
    add({0, 0, 3600 * second_us}, {"hour", "hours", "hr", "hrs", "h"});
    add({0, 1, 0}, {"day", "days", "d"});
    add({0, 7, 0}, {"week", "weeks", "w"});
    add({1, 0, 0}, {"month", "months", "mon", "mons"});
    add({12, 0, 0}, {"year", "years", "yr", "yrs", "y"});
    return map;
  }();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

/// The fraction of a unit goes into the smaller ones: 1.5 days are a day and twelve hours.
void add(Interval& sum, double count, const Interval& unit) {
  double months = count * static_cast<double>(unit.months);
  sum.months += static_cast<std::int64_t>(std::trunc(months));
  const double days = count * static_cast<double>(unit.days) + (months - std::trunc(months)) * 30;
  sum.days += static_cast<std::int64_t>(std::trunc(days));
  sum.us +=
      std::llround(count * static_cast<double>(unit.us) + (days - std::trunc(days)) * static_cast<double>(day_us));
}

} // namespace

std::string stored(const Interval& interval) {
  return fmt::format("{} {} {}", interval.months, interval.days, interval.us);
}

Interval from_stored(std::string_view text) {
  Interval interval;
  char* end = nullptr;
  const std::string copy(text);
  interval.months = std::strtoll(copy.c_str(), &end, 10);
  interval.days = std::strtoll(end, &end, 10);
  interval.us = std::strtoll(end, &end, 10);
  return interval;
}

std::int64_t length_us(const Interval& interval) {
  return (interval.months * 30 + interval.days) * day_us + interval.us;
}

Interval read_interval(std::string_view text) {
  const auto malformed = [&] { fail("22007", fmt::format("invalid input syntax for type interval: \"{}\"", text)); };
  Interval sum;
  const auto low = protocol::lower(text);
  const char* at = low.c_str();
  bool any = false, ago = false;
  while (*at != '\0') {
    if (*at == ' ' || *at == '@') {
      ++at;
      continue;
    }
    if (std::string_view(at) == "ago" && any) {
      ago = true;
      break;
    }
    const bool negative = *at == '-';
    char* end = nullptr;
    const double count = std::strtod(at, &end);
    if (end == at)
      malformed();
    at = end;
    if (*at == ':') { // hours:minutes[:seconds]
      const double minutes = std::strtod(at + 1, &end);
      if (end == at + 1)
        malformed();
      at = end;
      double seconds = 0;
      if (*at == ':') {
        seconds = std::strtod(at + 1, &end);
        at = end;
      }
      // The sign before the hours holds for minutes and seconds too; "-00:30" has it on a zero, hence `negative`.
      const auto us = std::llround((std::abs(count) * 3600 + minutes * 60) * second_us) +
                      std::llround(seconds * static_cast<double>(second_us));
      sum.us += negative ? -us : us;
      any = true;
      continue;
    }
    while (*at == ' ')
      ++at;
    std::string name;
    while (*at >= 'a' && *at <= 'z')
      name += *at++;
    // A number without a unit counts seconds.
    const auto* unit = name.empty() ? unit_named("second") : unit_named(name);
    if (unit == nullptr)
      malformed();
    add(sum, count, unit->one);
    any = true;
  }
  if (!any)
    malformed();
  return ago ? Interval{-sum.months, -sum.days, -sum.us} : sum;
}

/// After a negative part a positive one shows its sign: "-1 mons +1 day".
std::string show_interval(const Interval& interval) {
  std::string text;
  bool negative_before = false;
  const auto part = [&](std::int64_t count, const char* name) {
    if (count == 0)
      return;
    text += fmt::format("{}{}{} {}{}", text.empty() ? "" : " ", negative_before && count > 0 ? "+" : "", count, name,
                        count == 1 ? "" : "s");
    negative_before = count < 0;
  };
  part(interval.months / 12, "year");
  part(interval.months % 12, "mon");
  part(interval.days, "day");
  if (interval.us != 0 || text.empty()) {
    text += text.empty() ? "" : " ";
    text += interval.us < 0 ? "-" : negative_before ? "+" : "";
    text += show_time(std::abs(interval.us));
  }
  return text;
}

std::string extract(std::string_view field, const Interval& interval) {
  const auto fraction = [](std::int64_t us) {
    return fmt::format("{}{}.{:06}", us < 0 ? "-" : "", std::abs(us) / second_us, std::abs(us) % second_us);
  };
  if (field == "epoch") // a year has 365.25 days here, a month 30
    return fraction((interval.months / 12) * (365 * day_us + day_us / 4) +
                    (interval.months % 12 * 30 + interval.days) * day_us + interval.us);
  if (field == "year")
    return std::to_string(interval.months / 12);
  if (field == "month")
    return std::to_string(interval.months % 12);
  if (field == "day")
    return std::to_string(interval.days);
  if (field == "hour")
    return std::to_string(interval.us / second_us / 3600);
  if (field == "minute")
    return std::to_string(interval.us / second_us / 60 % 60);
  if (field == "second")
    return fraction(interval.us % (60 * second_us));
  unsupported(fmt::format("extract({}) of an interval", field));
}

} // namespace holdfast::fakes::pg
