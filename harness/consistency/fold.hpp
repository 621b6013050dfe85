// The fold of an account: its opening balance and every entry of its statement make its balance.
#pragma once

#include "harness/text/decimal.hpp"

#include <optional>

namespace holdfast::consistency {

/// Entries are folded one by one; one without an amount makes the sum unknown, as do an opening balance that is not
/// known and a sum that is too large.
class Fold {
public:
  explicit Fold(std::optional<text::Decimal> opening) : sum_(opening) {}

  void add(std::optional<text::Decimal> amount) {
    if (sum_)
      sum_ = amount ? sum_->plus(*amount) : std::nullopt;
  }
  /// What the balance must be; nothing when that is unknown.
  [[nodiscard]] std::optional<text::Decimal> balance() const { return sum_; }

private:
  std::optional<text::Decimal> sum_;
};

} // namespace holdfast::consistency
