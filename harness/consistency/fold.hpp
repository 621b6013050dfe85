// The fold of an account: its opening balance and every entry of its statement make its balance.
#pragma once

#include <cstdint>
#include <optional>

namespace holdfast::consistency {

/// Entries are folded one by one; one without an amount makes the sum unknown, as does an opening balance that is not
/// known.
class Fold {
public:
  explicit Fold(std::optional<std::int64_t> opening) : sum_(opening.value_or(0)), is_known_(opening.has_value()) {}

  void add(std::optional<std::int64_t> amount) {
    is_known_ = is_known_ && amount.has_value();
    sum_ += amount.value_or(0);
  }
  /// What the balance must be; nothing when that is unknown.
  [[nodiscard]] std::optional<std::int64_t> balance() const { return is_known_ ? std::optional(sum_) : std::nullopt; }

private:
  std::int64_t sum_;
  bool is_known_;
};

} // namespace holdfast::consistency
