// A database of which the isolation level is known by construction, and histories of transactions on it.
#pragma once

#include "harness/consistency/history.hpp"

#include <cstdint>
#include <vector>

namespace holdfast::test {

enum class Level {
  strict_serializable, ///< two-phase locking, one transaction a time where they conflict
  serializable,        ///< in the order of commit too, but what only reads may read the past of all keys
  snapshot_isolation,  ///< a snapshot at the start, the first committer wins
  read_committed,      ///< what is committed at each step; locks on what is written until the end
  read_uncommitted     ///< what anybody has written; locks on what is written until the end
};

/// What chance decides: numbers from a seed, the same on every platform, or from bytes, and 0 when they are used up. So
/// a history can be shrunk by shrinking its bytes.
class Choices {
public:
  explicit Choices(std::uint64_t seed) : state_(seed), is_seeded_(true) {}
  explicit Choices(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}
  unsigned below(unsigned limit);

private:
  std::uint64_t state_ = 0;
  bool is_seeded_ = false;
  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

struct Workload {
  Level level = Level::strict_serializable;
  bool is_lists = true; ///< appends; else registers
  unsigned transactions = 8;
  unsigned processes = 3;
  unsigned keys = 2;
  unsigned longest = 4;              ///< steps of a transaction
  unsigned writes_per_key = 32;      ///< then another key takes its place
  unsigned aborts = 5;               ///< of 100, beside those that the level needs
  unsigned lost = 5;                 ///< acknowledgements, of 100: info, whether it committed or aborted
  bool reads_all_in_the_end = false; ///< one more transaction, when all others are done
};

[[nodiscard]] consistency::History simulate(const Workload& workload, Choices& choices);

} // namespace holdfast::test
