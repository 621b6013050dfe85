// Values recognized quickly: by name, and as small dense numbers, 0 first, in the order in which they are met.
#pragma once

#include "harness/consistency/linearizability/interner.hpp"
#include "harness/consistency/values.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace holdfast::consistency::linearizability {

/// The keyword and the text of one name.
class Name {
public:
  Name(Values& values, std::string_view name) : keyword_(values.keyword(name)), text_(values.text(name)) {}
  [[nodiscard]] bool is(Value value) const { return value == keyword_ || value == text_; }

private:
  Value keyword_, text_;
};

/// Lists and maps are equal by what is in them, all else by bits. The values must outlive it.
class ValueNumbers {
public:
  explicit ValueNumbers(const Values& values) : values_(&values) {}

  std::uint32_t number(Value value) {
    if (value.is_list() || value.is_map()) {
      auto& same_hash = structured_[values_->hash(value)];
      const auto known =
          std::find_if(same_hash.begin(), same_hash.end(), [&](Value other) { return values_->equal(value, other); });
      if (known == same_hash.end())
        same_hash.push_back(value);
      else
        value = *known;
    }
    const auto number = numbers_.number(value.bits());
    if (number == met_.size())
      met_.push_back(value);
    return number;
  }
  /// Lists and maps it may say to know that it does not.
  [[nodiscard]] bool knows(Value value) const {
    return value.is_list() || value.is_map() || numbers_.find(value.bits()) != Interner::none;
  }
  [[nodiscard]] Value value(std::uint32_t number) const { return met_[number]; }
  [[nodiscard]] std::size_t size() const { return met_.size(); }

private:
  const Values* values_;
  Interner numbers_;
  std::vector<Value> met_;
  std::unordered_map<std::uint64_t, std::vector<Value>> structured_;
};

} // namespace holdfast::consistency::linearizability
