#include "fakes/postgres/decimal.hpp"
#include "fakes/postgres/functions.hpp"

#include <cmath>
#include <cstdint>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

[[noreturn]] void divided_by_zero() {
  fail("22012", "division by zero");
}

using Overflows = bool (*)(std::int64_t, std::int64_t, std::int64_t*);

/// An operation on integers; the last argument is the type that the result must fit into.
/// Checks both bounds: that of 64 bits while computing, and that of the result's own type afterwards.
template <Overflows operation>
Value of_integers(Environment&, Arguments arguments) {
  std::int64_t result = 0;
  const auto type = static_cast<Type>(integer(arguments[2]));
  if (operation(integer(arguments[0]), integer(arguments[1]), &result))
    fail("22003", fmt::format("{} out of range", info(type).title));
  return converted(result, Type::int8, {type}, Cast::assignment);
}

bool add_overflows(std::int64_t a, std::int64_t b, std::int64_t* result) {
  return __builtin_add_overflow(a, b, result);
}
bool subtract_overflows(std::int64_t a, std::int64_t b, std::int64_t* result) {
  return __builtin_sub_overflow(a, b, result);
}
bool multiply_overflows(std::int64_t a, std::int64_t b, std::int64_t* result) {
  return __builtin_mul_overflow(a, b, result);
}
bool divide_overflows(std::int64_t a, std::int64_t b, std::int64_t* result) {
  if (b == 0)
    divided_by_zero();
  // The processor traps on INT64_MIN / -1; so does % below.
  if (b == -1)
    return __builtin_sub_overflow(std::int64_t{0}, a, result);
  *result = a / b;
  return false;
}
bool remainder_overflows(std::int64_t a, std::int64_t b, std::int64_t* result) {
  if (b == 0)
    divided_by_zero();
  *result = b == -1 ? 0 : a % b;
  return false;
}

Decimal decimal(sqlite3_value* value) {
  return parse_decimal(text(value)).value_or(Decimal{});
}

using Operation = Decimal (*)(const Decimal&, const Decimal&);
template <Operation operation, bool divides = false>
Value of_numerics(Environment&, Arguments arguments) {
  const auto b = decimal(arguments[1]);
  if (divides && b.digits == 0)
    divided_by_zero();
  return to_text(operation(decimal(arguments[0]), b));
}

/// Infinity is a value of PostgreSQL's floats too; NaN is refused, because SQLite would turn it into null.
Value real(double value) {
  if (std::isnan(value))
    unsupported("NaN");
  return value;
}

} // namespace

std::vector<SqlFunction> number_functions() {
  return {
      {"pg_int_add", 3, of_integers<add_overflows>},
      {"pg_int_subtract", 3, of_integers<subtract_overflows>},
      {"pg_int_multiply", 3, of_integers<multiply_overflows>},
      {"pg_int_divide", 3, of_integers<divide_overflows>},
      {"pg_int_remainder", 3, of_integers<remainder_overflows>},
      {"pg_numeric_add", 2, of_numerics<add>},
      {"pg_numeric_subtract", 2, of_numerics<subtract>},
      {"pg_numeric_multiply", 2, of_numerics<multiply>},
      {"pg_numeric_divide", 2, of_numerics<divide, true>},
      {"pg_numeric_remainder", 2, of_numerics<remainder, true>},
      {"pg_numeric_round", 2,
       [](Environment&, Arguments a) -> Value {
         return to_text(rounded(decimal(a[0]), static_cast<int>(integer(a[1]))));
       }},
      {"pg_numeric_floor", 1,
       [](Environment&, Arguments a) -> Value { return to_text(whole(decimal(a[0]), Towards::floor)); }},
      {"pg_numeric_ceiling", 1,
       [](Environment&, Arguments a) -> Value { return to_text(whole(decimal(a[0]), Towards::ceiling)); }},
      {"pg_real_divide", 2,
       [](Environment&, Arguments a) -> Value {
         if (sqlite3_value_double(a[1]) == 0)
           divided_by_zero();
         return real(sqlite3_value_double(a[0]) / sqlite3_value_double(a[1]));
       }},
      {"pg_real_round", 1,
       [](Environment&, Arguments a) -> Value { return std::nearbyint(sqlite3_value_double(a[0])); }},
      {"pg_real_floor", 1, [](Environment&, Arguments a) -> Value { return std::floor(sqlite3_value_double(a[0])); }},
      {"pg_real_ceiling", 1, [](Environment&, Arguments a) -> Value { return std::ceil(sqlite3_value_double(a[0])); }},
      {"pg_power", 2,
       [](Environment&, Arguments a) -> Value {
         return real(std::pow(sqlite3_value_double(a[0]), sqlite3_value_double(a[1])));
       }},
      {"pg_square_root", 1,
       [](Environment&, Arguments a) -> Value {
         if (sqlite3_value_double(a[0]) < 0)
           fail("2201F", "cannot take square root of a negative number");
         return std::sqrt(sqlite3_value_double(a[0]));
       }},
      {"pg_random", 0,
       [](Environment&, Arguments) -> Value {
         std::uint64_t bits = 0;
         sqlite3_randomness(sizeof bits, &bits);
         return static_cast<double>(bits >> 11U) * 0x1.0p-53;
       },
       SqlFunction::Nulls::give_null, false},
      {"pg_extreme", -1,
       [](Environment&, Arguments a) -> Value {
         const auto sign = integer(a[0]);
         const auto type = static_cast<Type>(integer(a[1]));
         Value best;
         for (auto* each : a.subspan(2)) {
           const auto value = value_of(each);
           if (std::holds_alternative<std::monostate>(value))
             continue; // nulls do not count
           bool better = std::holds_alternative<std::monostate>(best);
           if (!better && type == Type::numeric)
             better = sign * compare(*parse_decimal(std::get<std::string>(value)),
                                     *parse_decimal(std::get<std::string>(best))) >
                      0;
           else if (!better)
             better = sign > 0 ? value > best : value < best;
           if (better)
             best = value;
         }
         return best;
       },
       SqlFunction::Nulls::are_values},
      {"pg_cast", 5,
       [](Environment&, Arguments a) -> Value {
         return converted(value_of(a[0]), static_cast<Type>(integer(a[1])),
                          {static_cast<Type>(integer(a[2])), static_cast<int>(integer(a[3]))},
                          integer(a[4]) != 0 ? Cast::explicit_ : Cast::assignment);
       }},
  };
}

} // namespace holdfast::fakes::pg
