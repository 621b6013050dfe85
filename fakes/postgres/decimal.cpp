#include "fakes/postgres/decimal.hpp"

#include <algorithm>
#include <charconv>

namespace holdfast::fakes::pg {

using boost::multiprecision::cpp_int;

namespace {

cpp_int power_of_ten(int exponent) {
  return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

/// Both at the greater scale.
void align(Decimal& a, Decimal& b) {
  const int scale = std::max(a.scale, b.scale);
  for (auto* one : {&a, &b}) {
    one->digits *= power_of_ten(scale - one->scale);
    one->scale = scale;
  }
}

/// The weight of the first group of four digits, and that group, as numeric.c stores numbers in base 10000.
struct Leading {
  int weight = 0;
  int group = 0;
};
Leading leading(const Decimal& value) {
  if (value.digits == 0)
    return {};
  const cpp_int magnitude = abs(value.digits);
  const auto text = magnitude.str();
  const int exponent = static_cast<int>(text.size()) - 1 - value.scale; // of the first digit
  const int weight = exponent >= 0 ? exponent / 4 : -((-exponent + 3) / 4);
  const int digits = exponent - weight * 4 + 1; // of the first group: one to four
  const auto used = static_cast<std::size_t>(digits);
  auto group = text.substr(0, used);
  group.append(used - group.size(), '0');
  return {weight, std::stoi(group)};
}

} // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal value;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  std::string digits;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      value.scale += point ? 1 : 0;
    } else {
      break;
    }
  }
  if (digits.empty())
    return std::nullopt;
  if (at < text.size()) {
    int exponent = 0;
    auto rest = text.substr(at + 1);
    if (rest.starts_with('+'))
      rest.remove_prefix(1);
    if ((text[at] != 'e' && text[at] != 'E') || rest.empty() ||
        std::from_chars(rest.data(), rest.data() + rest.size(), exponent).ptr != rest.data() + rest.size() ||
        exponent > 1000 || exponent < -1000)
      return std::nullopt;
    value.scale -= exponent;
    if (value.scale < 0) {
      digits.append(static_cast<std::size_t>(-value.scale), '0');
      value.scale = 0;
    }
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1)); // a leading zero would mean octal
  value.digits = cpp_int(digits);
  if (negative)
    value.digits = -value.digits;
  return value;
}

std::string to_text(const Decimal& value) {
  const cpp_int magnitude = abs(value.digits);
  auto text = magnitude.str();
  if (value.scale > 0) {
    const auto scale = static_cast<std::size_t>(value.scale);
    if (text.size() <= scale)
      text.insert(0, scale + 1 - text.size(), '0');
    text.insert(text.size() - scale, ".");
  }
  return value.digits < 0 ? "-" + text : text;
}

Decimal rounded(const Decimal& value, int scale) {
  if (scale >= value.scale)
    return {cpp_int(value.digits * power_of_ten(scale - value.scale)), scale};
  const auto unit = power_of_ten(value.scale - scale);
  // Division cuts towards zero, so adding half a unit away from zero rounds halves away from it.
  const cpp_int half = unit / 2;
  cpp_int digits = (value.digits + (value.digits < 0 ? cpp_int(-half) : half)) / unit;
  if (scale < 0)
    return {cpp_int(digits * power_of_ten(-scale)), 0};
  return {digits, scale};
}

int compare(const Decimal& a, const Decimal& b) {
  auto x = a, y = b;
  align(x, y);
  return x.digits.compare(y.digits);
}

Decimal add(const Decimal& a, const Decimal& b) {
  auto x = a, y = b;
  align(x, y);
  return {cpp_int(x.digits + y.digits), x.scale};
}

Decimal subtract(const Decimal& a, const Decimal& b) {
  return add(a, {cpp_int(-b.digits), b.scale});
}

Decimal multiply(const Decimal& a, const Decimal& b) {
  return {cpp_int(a.digits * b.digits), a.scale + b.scale};
}

/// The quotient's scale is estimated from the first group of each number, without dividing, exactly as numeric.c does:
/// more digits would be as right, but not what a client of PostgreSQL is shown.
Decimal divide(const Decimal& a, const Decimal& b) {
  const auto x = leading(a), y = leading(b);
  int weight = x.weight - y.weight;
  if (x.group <= y.group)
    --weight;
  constexpr int significant = 16, group_digits = 4;
  const int scale = std::clamp(std::max({significant - weight * group_digits, a.scale, b.scale}), 0, 1000);
  // One digit more than is kept, and rounded.
  const cpp_int numerator = a.digits * power_of_ten(scale + 1 + b.scale);
  const cpp_int denominator = b.digits * power_of_ten(a.scale);
  return rounded({cpp_int(numerator / denominator), scale + 1}, scale);
}

Decimal remainder(const Decimal& a, const Decimal& b) {
  auto x = a, y = b;
  align(x, y);
  return {cpp_int(x.digits % y.digits), x.scale};
}

Decimal whole(const Decimal& value, Towards towards) {
  const auto unit = power_of_ten(value.scale);
  cpp_int digits = value.digits / unit; // towards zero
  if (digits * unit != value.digits) {
    if (towards == Towards::floor && value.digits < 0)
      --digits;
    if (towards == Towards::ceiling && value.digits > 0)
      ++digits;
  }
  return {digits, 0};
}

} // namespace holdfast::fakes::pg
