// Dense numbers for names: a history of a large run holds tens of millions of ids in its lists.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace holdfast::checks {

/// Numbers names from 0 in the order of their first appearance. Views what it is given, which must outlive it. A flat
/// table: looking up what is known allocates nothing and compares one text.
class Names {
public:
  /// The number of a name, a new one when it has none yet.
  std::uint32_t number(std::string_view name) {
    if ((all_.size() + 1) * 2 > slots_.size())
      grow(slots_.size() * 2);
    const auto hash = std::hash<std::string_view>{}(name);
    auto& slot = slots_[find(name, hash)];
    if (slot.number == none) {
      slot = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(all_.size())};
      all_.push_back(name);
    }
    return slot.number;
  }
  void reserve(std::size_t names) {
    all_.reserve(names);
    auto size = slots_.size();
    while (size < 2 * (names + 1))
      size *= 2;
    grow(size);
  }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] std::string_view operator[](std::uint32_t number) const { return all_[number]; }

private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Slot {
    std::uint32_t tag = 0; ///< the upper half of the hash: texts are compared only where it is equal
    std::uint32_t number = none;
  };

  [[nodiscard]] std::size_t find(std::string_view name, std::size_t hash) const {
    const auto mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    auto place = hash & mask;
    while (slots_[place].number != none && (slots_[place].tag != tag || all_[slots_[place].number] != name))
      place = (place + 1) & mask;
    return place;
  }
  void grow(std::size_t size) {
    slots_.assign(size, {});
    for (std::uint32_t i = 0; i < all_.size(); ++i) {
      const auto hash = std::hash<std::string_view>{}(all_[i]);
      slots_[find(all_[i], hash)] = {static_cast<std::uint32_t>(hash >> 32), i};
    }
  }

  std::vector<std::string_view> all_;
  std::vector<Slot> slots_ = std::vector<Slot>(64);
};

} // namespace holdfast::checks
