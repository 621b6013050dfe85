// Exact decimal numbers with PostgreSQL's rules for the digits behind the point.
// https://www.postgresql.org/docs/15/datatype-numeric.html and src/backend/utils/adt/numeric.c
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::fakes::pg {

/// `digits` divided by ten to the power of `scale`.
struct Decimal {
  boost::multiprecision::cpp_int digits = 0;
  int scale = 0;
};

[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text);
[[nodiscard]] std::string to_text(const Decimal& value);
/// Half away from zero.
[[nodiscard]] Decimal rounded(const Decimal& value, int scale);
[[nodiscard]] int compare(const Decimal& a, const Decimal& b); ///< negative, zero, positive
[[nodiscard]] Decimal add(const Decimal& a, const Decimal& b);
[[nodiscard]] Decimal subtract(const Decimal& a, const Decimal& b);
[[nodiscard]] Decimal multiply(const Decimal& a, const Decimal& b);
/// At least sixteen significant digits, as select_div_scale chooses them. `b` is not zero.
[[nodiscard]] Decimal divide(const Decimal& a, const Decimal& b);
[[nodiscard]] Decimal remainder(const Decimal& a, const Decimal& b);
/// The greatest integer that is not greater, or the least that is not less.
enum class Towards { floor, ceiling };
[[nodiscard]] Decimal whole(const Decimal& value, Towards towards);

} // namespace holdfast::fakes::pg
