// What a sum may be when it is read: all that was acknowledged before, and any part of what may have happened by then.
// Counters are judged so, and the balances of accounts.
//
// The bounds are necessary, not sufficient: with several possible amounts not every sum between them can be reached,
// and two reads may each be possible and not both. Deciding that is a subset sum, and NP-hard.
#pragma once

#include "harness/consistency/result.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace holdfast::consistency {

using Sum = __int128; ///< of any number of amounts: nothing overflows

/// Something that certainly took effect when it completed, or may have at any time after its invocation.
struct Addition {
  std::int64_t amount = 0;
  Position invoked = 0;
  Position completed = never;
  OperationId operation = 0;
};

struct Interval {
  Sum lower = 0;
  Sum upper = 0;
};

/// Answers in logarithmic time; made in n log n.
class Bounds {
public:
  Bounds(std::vector<Addition> additions, Sum opening);
  /// Of a read between two positions.
  [[nodiscard]] Interval at(Position invoked, Position completed) const;
  /// The fewest additions acknowledged before a read began that put a bound beyond what it read, at most `limit`; none
  /// where it is what nobody added that is wrong.
  [[nodiscard]] std::vector<OperationId> witnesses(Position invoked, Position completed, std::int64_t read,
                                                   std::size_t limit) const;

private:
  struct Prefix {
    Position position;
    Sum positive;
    Sum negative;
  };
  [[nodiscard]] static Prefix before(const std::vector<Prefix>& prefixes, Position position);
  std::vector<Addition> additions_; ///< by completion
  std::vector<Prefix> begun_;       ///< sums up to and with each invocation
  std::vector<Prefix> ended_;       ///< up to and with each completion
  Sum opening_;
};

} // namespace holdfast::consistency
