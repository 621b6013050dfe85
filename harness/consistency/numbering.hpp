// Dense numbers for values, so that engines work on arrays.
#pragma once

#include "harness/consistency/values.hpp"

#include <cstdint>
#include <vector>

namespace holdfast::consistency {

/// Numbers values from 0 in the order of their first appearance, each under a key of its own kind of thing: the same
/// value under two keys has two numbers. Lists and maps are equal by what they hold. Keeps a reference to the values,
/// which may grow meanwhile.
class Numbering {
public:
  struct Named {
    Value key;
    Value value;
  };

  explicit Numbering(const Values& values) : values_(values), slots_(64, empty) {}

  /// The number of a value, a new one when it has none yet.
  std::uint32_t number(Value value, Value key = {});
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] const Named& operator[](std::uint32_t number) const { return all_[number]; }

private:
  static constexpr std::uint32_t empty = UINT32_MAX;
  void grow();
  [[nodiscard]] std::uint64_t hash(const Named& one) const {
    return values_.hash(one.value) ^ (values_.hash(one.key) * 3);
  }

  const Values& values_;
  std::vector<Named> all_;
  std::vector<std::uint32_t> slots_; ///< open addressing, a power of two, at most half full
};

} // namespace holdfast::consistency
