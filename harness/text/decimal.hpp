// Amounts of money, exactly: 7, 7.00 and 7e0 are the same number, 0.1 is one tenth.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::text {

/// units × 10^-scale, in its shortest form: of equal numbers all members are equal.
class Decimal {
public:
  Decimal() = default;
  Decimal(std::int64_t whole) : units_(whole) {} // NOLINT(google-explicit-constructor): a whole number is one

  /// "7", "-7.25", "1e3". Nothing when it is no number, or has more digits than 64 bits hold or more than 30 behind the
  /// point.
  [[nodiscard]] static std::optional<Decimal> parse(std::string_view text);
  /// What a double says in its shortest form, as a program that prints it does.
  [[nodiscard]] static std::optional<Decimal> from_double(double value);

  [[nodiscard]] std::int64_t units() const { return units_; }
  [[nodiscard]] std::uint8_t scale() const { return scale_; }
  [[nodiscard]] bool is_whole() const { return scale_ == 0; }
  [[nodiscard]] bool is_negative() const { return units_ < 0; }
  /// Without an exponent: "7.25".
  [[nodiscard]] std::string text() const;

  bool operator==(const Decimal&) const = default;
  [[nodiscard]] Decimal operator-() const;
  /// Nothing when the sum does not fit.
  [[nodiscard]] std::optional<Decimal> plus(const Decimal& other) const;

private:
  /// Without zeros at its end; nothing when it does not fit.
  [[nodiscard]] static std::optional<Decimal> shortest(__int128 units, int scale);

  std::int64_t units_ = 0;
  std::uint8_t scale_ = 0;
};

} // namespace holdfast::text
