#include "harness/consistency/linearizability/configurations.hpp"

#include "harness/consistency/linearizability/interner.hpp"

#include <algorithm>

namespace holdfast::consistency::linearizability {

namespace {

constexpr std::size_t fewest = 64;

} // namespace

Configurations::Configurations(std::size_t words, Budget& budget) : stride_(words + 2), budget_(budget) {}

Configurations::~Configurations() {
  budget_.give_back(taken_);
}

Configurations::Added Configurations::add(std::uint32_t place, std::uint32_t state,
                                          std::span<const std::uint64_t> linearized, std::uint64_t hash) {
  if (4 * (size_ + 1) > 3 * capacity_ && !grow())
    return Added::no_memory;
  // One more than the place, so that a head is never zero: zero marks a free entry.
  const auto head = (std::uint64_t{place} + 1) << 32 | state;
  hash = mix(hash ^ head * 0x9e3779b97f4a7c15ULL);
  for (auto at = hash & (capacity_ - 1);; at = (at + 1) & (capacity_ - 1)) {
    auto* const words = entry(at);
    if (words[0] == 0) {
      words[0] = head;
      words[1] = hash;
      std::copy(linearized.begin(), linearized.end(), words + 2);
      ++size_;
      return Added::yes;
    }
    if (words[0] == head && words[1] == hash && std::equal(linearized.begin(), linearized.end(), words + 2))
      return Added::known;
  }
}

bool Configurations::grow() {
  const auto capacity = capacity_ == 0 ? fewest : 2 * capacity_;
  const auto more = capacity * stride_ * sizeof(std::uint64_t);
  budget_.take(more); // old and new are both there while one is copied to the other
  taken_ += more;
  if (budget_.exhausted())
    return false;
  auto old = std::move(entries_);
  entries_.assign(capacity * stride_, 0);
  capacity_ = capacity;
  for (std::size_t i = 0; i < old.size(); i += stride_) {
    if (old[i] == 0)
      continue;
    auto at = old[i + 1] & (capacity_ - 1);
    while (entry(at)[0] != 0)
      at = (at + 1) & (capacity_ - 1);
    std::copy_n(old.begin() + static_cast<std::ptrdiff_t>(i), stride_, entry(at));
  }
  // The old table is gone once its entries are copied.
  budget_.give_back(taken_ - more);
  taken_ = more;
  return true;
}

std::vector<std::uint32_t> Configurations::states_at(std::uint32_t place) const {
  std::vector<std::uint32_t> states;
  for (std::size_t i = 0; i < entries_.size(); i += stride_)
    if (entries_[i] >> 32 == std::uint64_t{place} + 1)
      states.push_back(static_cast<std::uint32_t>(entries_[i]));
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  return states;
}

} // namespace holdfast::consistency::linearizability
