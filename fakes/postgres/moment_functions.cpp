#include "fakes/postgres/functions.hpp"
#include "fakes/postgres/moment.hpp"
#include "harness/protocol/conversation.hpp"

#include <cmath>

namespace holdfast::fakes::pg {

std::vector<SqlFunction> moment_functions() {
  return {
      {"pg_now", 1,
       [](Environment& environment, Arguments a) -> Value {
         // now(), statement_timestamp() and clock_timestamp().
         const auto which = integer(a[0]);
         return which == 0 ? environment.transaction_us : which == 1 ? environment.statement_us : wall_clock_us();
       },
       SqlFunction::Nulls::give_null, false},
      {"pg_to_timestamp", 1,
       [](Environment&, Arguments a) -> Value {
         const auto us = std::llround(sqlite3_value_double(a[0]) * static_cast<double>(second_us));
         return std::int64_t{us} + read_timestamp("1970-01-01", Zone::ignored);
       }},
      {"pg_moment_plus", 3,
       [](Environment&, Arguments a) -> Value {
         auto interval = from_stored(text(a[1]));
         const auto sign = integer(a[2]);
         interval = {interval.months * sign, interval.days * sign, interval.us * sign};
         return plus(integer(a[0]), interval);
       }},
      {"pg_moment_difference", 2,
       [](Environment&, Arguments a) -> Value {
         // The difference of two timestamps has days and a time, never months, in PostgreSQL as well.
         const auto us = integer(a[0]) - integer(a[1]);
         return stored({0, us / day_us, us % day_us});
       }},
      {"pg_interval_plus", 3,
       [](Environment&, Arguments a) -> Value {
         const auto x = from_stored(text(a[0])), y = from_stored(text(a[1]));
         const auto sign = integer(a[2]);
         return stored({x.months + sign * y.months, x.days + sign * y.days, x.us + sign * y.us});
       }},
      {"pg_interval_times", 2,
       [](Environment&, Arguments a) -> Value {
         const auto interval = from_stored(text(a[0]));
         const double by = sqlite3_value_double(a[1]);
         // What is left of a month goes into days, of a day into the time; whole months and days stay what they are.
         const double months = static_cast<double>(interval.months) * by;
         const double days = static_cast<double>(interval.days) * by + (months - std::trunc(months)) * 30;
         const double us =
             static_cast<double>(interval.us) * by + (days - std::trunc(days)) * static_cast<double>(day_us);
         return stored({static_cast<std::int64_t>(months), static_cast<std::int64_t>(days), std::llround(us)});
       }},
      {"pg_interval_length", 1, [](Environment&, Arguments a) -> Value { return length_us(from_stored(text(a[0]))); }},
      {"pg_extract", 3,
       [](Environment&, Arguments a) -> Value {
         const auto field = protocol::lower(text(a[0]));
         const auto type = static_cast<Type>(integer(a[2]));
         if (type == Type::interval)
           return extract(field, from_stored(text(a[1])));
         const bool date = type == Type::date;
         return extract(field, date ? integer(a[1]) * day_us : integer(a[1]), date);
       }},
      {"pg_truncated", 2,
       [](Environment&, Arguments a) -> Value { return truncated(protocol::lower(text(a[0])), integer(a[1])); }},
  };
}

} // namespace holdfast::fakes::pg
