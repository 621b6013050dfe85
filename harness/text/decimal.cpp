#include "harness/text/decimal.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace holdfast::text {

namespace {
constexpr int most_places = 30;
constexpr __int128 largest = static_cast<__int128>(1) << 120U; ///< whatever is multiplied by ten below still fits
} // namespace

std::optional<Decimal> Decimal::shortest(__int128 units, int scale) {
  while (scale > 0 && units % 10 == 0) {
    units /= 10;
    --scale;
  }
  for (; scale < 0; ++scale) {
    if (units > largest || units < -largest)
      return std::nullopt;
    units *= 10;
  }
  using Limits = std::numeric_limits<std::int64_t>;
  if (scale > most_places || units > Limits::max() || units <= Limits::min()) // the least one has no opposite
    return std::nullopt;
  Decimal decimal(static_cast<std::int64_t>(units));
  decimal.scale_ = static_cast<std::uint8_t>(units == 0 ? 0 : scale);
  return decimal;
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  __int128 units = 0;
  int scale = 0;
  bool any = false, behind_point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (c < '0' || c > '9')
      break;
    if (units > largest)
      return std::nullopt;
    units = units * 10 + (c - '0');
    scale += behind_point ? 1 : 0;
    any = true;
  }
  int exponent = 0;
  if (any && at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    auto rest = text.substr(at + 1);
    if (rest.starts_with('+'))
      rest.remove_prefix(1);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    if (error != std::errc{} || end != rest.data() + rest.size() || exponent > 40 || exponent < -40)
      return std::nullopt;
    at = text.size();
  }
  if (!any || at != text.size())
    return std::nullopt;
  return shortest(negative ? -units : units, scale - exponent);
}

std::optional<Decimal> Decimal::from_double(double value) {
  return std::isfinite(value) ? parse(fmt::format("{}", value)) : std::nullopt;
}

std::string Decimal::text() const {
  if (scale_ == 0)
    return std::to_string(units_);
  auto digits = std::to_string(units_ < 0 ? -units_ : units_);
  if (digits.size() <= scale_)
    digits.insert(0, scale_ + 1U - digits.size(), '0');
  digits.insert(digits.size() - scale_, 1, '.');
  return (units_ < 0 ? "-" : "") + digits;
}

Decimal Decimal::operator-() const {
  auto opposite = *this;
  opposite.units_ = -units_;
  return opposite;
}

std::optional<Decimal> Decimal::plus(const Decimal& other) const {
  __int128 a = units_, b = other.units_;
  int scale = scale_;
  for (; scale < other.scale_; ++scale) {
    if (a > largest || a < -largest)
      return std::nullopt;
    a *= 10;
  }
  for (int i = other.scale_; i < scale; ++i) {
    if (b > largest || b < -largest)
      return std::nullopt;
    b *= 10;
  }
  return shortest(a + b, scale);
}

} // namespace holdfast::text
