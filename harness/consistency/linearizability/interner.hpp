// Gives numbers of 64 bits small dense numbers, 0 first, in the order in which they are met.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace holdfast::consistency::linearizability {

/// The finisher of MurmurHash3: every bit of the input moves every bit of the result.
constexpr std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdULL;
  bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return bits ^ bits >> 33;
}

class Interner {
public:
  static constexpr std::uint32_t none = 0xffffffff;

  std::uint32_t number(std::uint64_t key) {
    if (2 * (keys_.size() + 1) > places_.size())
      grow();
    auto& place = places_[place_of(key)];
    if (place == none) {
      place = static_cast<std::uint32_t>(keys_.size());
      keys_.push_back(key);
    }
    return place;
  }
  /// `none` when it was never met.
  [[nodiscard]] std::uint32_t find(std::uint64_t key) const { return places_.empty() ? none : places_[place_of(key)]; }
  [[nodiscard]] std::uint64_t key(std::uint32_t number) const { return keys_[number]; }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  /// Of the memory that it holds.
  [[nodiscard]] std::size_t bytes() const {
    return keys_.capacity() * sizeof(std::uint64_t) + places_.size() * sizeof(std::uint32_t);
  }

private:
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const {
    const auto mask = places_.size() - 1;
    auto at = mix(key) & mask;
    while (places_[at] != none && keys_[places_[at]] != key)
      at = (at + 1) & mask;
    return at;
  }
  void grow() {
    places_.assign(places_.empty() ? 64 : 2 * places_.size(), none);
    for (std::uint32_t i = 0; i < keys_.size(); ++i)
      places_[place_of(keys_[i])] = i;
  }

  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> places_; ///< a power of two of them, at most half full
};

} // namespace holdfast::consistency::linearizability
