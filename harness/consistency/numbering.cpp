#include "harness/consistency/numbering.hpp"

namespace holdfast::consistency {

std::uint32_t Numbering::number(Value value, Value key) {
  const Named one{key, value};
  const auto mask = slots_.size() - 1;
  auto slot = hash(one) & mask;
  for (; slots_[slot] != empty; slot = (slot + 1) & mask)
    if (const auto& there = all_[slots_[slot]]; values_.equal(there.value, value) && values_.equal(there.key, key))
      return slots_[slot];
  const auto fresh = static_cast<std::uint32_t>(all_.size());
  slots_[slot] = fresh;
  all_.push_back(one);
  if (all_.size() * 2 > slots_.size())
    grow();
  return fresh;
}

/// Only the slots are made anew. Numbers are places in `all_` and stay what they are.
void Numbering::grow() {
  slots_.assign(slots_.size() * 2, empty);
  const auto mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < all_.size(); ++i) {
    auto slot = hash(all_[i]) & mask;
    while (slots_[slot] != empty)
      slot = (slot + 1) & mask;
    slots_[slot] = i;
  }
}

} // namespace holdfast::consistency
