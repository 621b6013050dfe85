// The configurations that a search has been in: Lowe's cache, "Testing for linearizability" (Concurrency and
// Computation: Practice and Experience 29(4), 2017), section 3.
#pragma once

#include "harness/consistency/budget.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace holdfast::consistency::linearizability {

/// A set. The hash is the caller's, who can keep it up to date step by step; equality is by all bits, so that no
/// collision can hide a configuration. One block of memory, doubled when it is three quarters full.
class Configurations {
public:
  enum class Added { yes, known, no_memory };

  /// `words`: of 64 bits, how many the set of linearized calls has.
  Configurations(std::size_t words, Budget& budget);
  ~Configurations();
  Configurations(const Configurations&) = delete;
  Configurations& operator=(const Configurations&) = delete;

  Added add(std::uint32_t place, std::uint32_t state, std::span<const std::uint64_t> linearized, std::uint64_t hash);
  /// The states of those at a place, each once.
  [[nodiscard]] std::vector<std::uint32_t> states_at(std::uint32_t place) const;

private:
  [[nodiscard]] std::uint64_t* entry(std::size_t i) { return entries_.data() + i * stride_; }
  bool grow();

  std::size_t stride_; ///< of an entry: place and state (0: free), hash, linearized
  std::vector<std::uint64_t> entries_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t taken_ = 0; ///< of the budget; after `no_memory` that which was refused too, for its reason to be right
  Budget& budget_;
};

} // namespace holdfast::consistency::linearizability
