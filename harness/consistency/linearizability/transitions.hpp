// The states of an object as small numbers, and its steps looked up instead of computed.
#pragma once

#include "harness/consistency/linearizability/interner.hpp"
#include "harness/consistency/linearizability/object.hpp"

#include <vector>

namespace holdfast::consistency::linearizability {

using StateNumber = std::uint32_t;

/// A table of all states times all kinds would be quadratic in long histories; this one remembers as many steps as it
/// has room for and computes the others again.
class Transitions {
public:
  static constexpr StateNumber impossible = Interner::none;

  /// `concurrency`: about how many kinds are asked for in one state.
  Transitions(const Object& object, std::size_t concurrency);

  [[nodiscard]] StateNumber initial() const { return 0; }
  StateNumber step(StateNumber state, Kind kind) {
    const auto key = (std::uint64_t{state} << 32 | kind) + 1; // 0 is free
    auto& known = known_[mix(key) & (known_.size() - 1)];
    if (known.key != key)
      known = {key, compute(state, kind)};
    return known.next;
  }
  [[nodiscard]] State state(StateNumber number) const { return states_.key(number); }
  [[nodiscard]] std::size_t bytes() const { return states_.bytes() + known_.size() * sizeof(Known); }

private:
  struct Known {
    std::uint64_t key = 0;
    StateNumber next = impossible;
  };
  StateNumber compute(StateNumber state, Kind kind);

  const Object& object_;
  Interner states_;
  std::vector<Known> known_; ///< a power of two of them
};

} // namespace holdfast::consistency::linearizability
