// Dense numbers for names: a history of a large run holds tens of millions of ids in its lists.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace holdfast::history {

/// Numbers names from 0 in the order of their first appearance. Views what it is given, which must outlive it. A flat
/// table: looking up what is known allocates nothing and compares one text.
class Names {
public:
  static constexpr std::uint32_t unknown = UINT32_MAX;
  static constexpr std::size_t at_once = 256; ///< so many are worth being looked up together, and fit into a cache

  /// The number of a name, a new one when it has none yet.
  std::uint32_t number(std::string_view name) { return number(name, hash(name)); }

  /// Of a name that was numbered, else `unknown`.
  [[nodiscard]] std::uint32_t find(std::string_view name) const { return slots_[place_of(name, hash(name))].number; }

  /// The numbers of many. Such a table does not fit into any cache: what one name waits for in memory is fetched for
  /// all of them at once.
  void number(std::span<const std::string_view> names, std::vector<std::uint32_t>& numbers) {
    fetch(names);
    numbers.clear();
    for (std::size_t i = 0; i < names.size(); ++i)
      numbers.push_back(number(names[i], hashes_[i]));
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
  struct Slot {
    std::uint32_t tag = 0; ///< the upper half of the hash: texts are compared only where it is equal
    std::uint32_t number = unknown;
  };

  [[nodiscard]] static std::size_t hash(std::string_view name) { return std::hash<std::string_view>{}(name); }
  [[nodiscard]] static std::uint32_t tag(std::size_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  /// In three rounds, each of which reads what the round before it has asked of memory: the slot of a name, the view in
  /// that slot, the text that is viewed. To follow one name at a time would wait for memory three times a name.
  void fetch(std::span<const std::string_view> names) const {
    const auto mask = slots_.size() - 1;
    hashes_.clear();
    for (const auto name : names)
      __builtin_prefetch(&slots_[hashes_.emplace_back(hash(name)) & mask]);
    for (const auto hash : hashes_)
      if (const auto& slot = slots_[hash & mask]; slot.number != unknown)
        __builtin_prefetch(&all_[slot.number]);
    for (const auto hash : hashes_)
      if (const auto& slot = slots_[hash & mask]; slot.number != unknown)
        __builtin_prefetch(all_[slot.number].data());
  }
  std::uint32_t number(std::string_view name, std::size_t hash) {
    if ((all_.size() + 1) * 2 > slots_.size())
      grow(slots_.size() * 2);
    auto& slot = slots_[place_of(name, hash)];
    if (slot.number == unknown) {
      slot = {tag(hash), static_cast<std::uint32_t>(all_.size())};
      all_.push_back(name);
    }
    return slot.number;
  }
  /// The slot of a name, or the free one where it belongs. At least half of the slots are free, so that the walk ends.
  [[nodiscard]] std::size_t place_of(std::string_view name, std::size_t hash) const {
    const auto mask = slots_.size() - 1;
    auto place = hash & mask;
    while (slots_[place].number != unknown && (slots_[place].tag != tag(hash) || all_[slots_[place].number] != name))
      place = (place + 1) & mask;
    return place;
  }
  void grow(std::size_t size) {
    slots_.assign(size, {});
    for (std::uint32_t i = 0; i < all_.size(); ++i) {
      const auto hash_of = hash(all_[i]);
      slots_[place_of(all_[i], hash_of)] = {tag(hash_of), i};
    }
  }

  std::vector<std::string_view> all_;
  std::vector<Slot> slots_ = std::vector<Slot>(64);
  mutable std::vector<std::size_t> hashes_; ///< of those that are being looked up
};

} // namespace holdfast::history
