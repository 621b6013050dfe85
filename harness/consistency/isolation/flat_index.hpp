// A hash table from (key, value) to a small number: open addressing in one array, no allocation per entry.
#pragma once

#include <cstdint>
#include <vector>

namespace holdfast::consistency::isolation {

constexpr std::uint32_t none = 0xffffffff;

class FlatIndex {
public:
  explicit FlatIndex(std::size_t expected = 0) {
    std::size_t size = 16;
    while (size < expected * 2)
      size *= 2;
    slots_.resize(size);
  }

  /// What is kept under it; puts `number` there first when nothing is.
  std::uint32_t insert(std::uint32_t key, std::uint64_t word, std::uint32_t number) {
    if ((used_ + 1) * 2 > slots_.size())
      grow();
    auto& slot = slots_[place(key, word)];
    if (slot.number == none) {
      slot = {word, key, number};
      ++used_;
    }
    return slot.number;
  }
  /// `none` when nothing is.
  [[nodiscard]] std::uint32_t find(std::uint32_t key, std::uint64_t word) const {
    return slots_[place(key, word)].number;
  }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

private:
  struct Slot {
    std::uint64_t word = 0;
    std::uint32_t key = 0;
    std::uint32_t number = none;
  };

  [[nodiscard]] std::size_t place(std::uint32_t key, std::uint64_t word) const {
    auto hash = (word ^ (std::uint64_t{key} << 32 | key)) * 0x9e3779b97f4a7c15ULL;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93ULL;
    auto at = (hash ^ hash >> 32) & (slots_.size() - 1);
    while (slots_[at].number != none && (slots_[at].word != word || slots_[at].key != key))
      at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const auto& slot : old)
      if (slot.number != none)
        slots_[place(slot.key, slot.word)] = slot;
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

} // namespace holdfast::consistency::isolation
