#include "harness/consistency/linearizability/transitions.hpp"

#include <algorithm>
#include <bit>

namespace holdfast::consistency::linearizability {

namespace {

constexpr std::size_t fewest = 256;
constexpr std::size_t most = std::size_t{1} << 20;

} // namespace

Transitions::Transitions(const Object& object, std::size_t concurrency)
    : object_(object), known_(std::bit_ceil(std::clamp(concurrency * object.kinds.size(), fewest, most))) {
  states_.number(object.initial);
}

/// Called on a miss only. A state gets its number when it is first reached.
StateNumber Transitions::compute(StateNumber state, Kind kind) {
  const auto next = object_.step(states_.key(state), kind);
  return next ? states_.number(*next) : impossible;
}

} // namespace holdfast::consistency::linearizability
