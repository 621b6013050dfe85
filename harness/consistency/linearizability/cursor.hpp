// Where a search is in a schedule: forwards by linearizing a call, backwards by taking the last one back.
#pragma once

#include "harness/consistency/linearizability/schedule.hpp"

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace holdfast::consistency::linearizability {

class Cursor {
public:
  Cursor(const Schedule& schedule, std::span<const Call> calls);

  /// Every required call is linearized.
  [[nodiscard]] bool at_end() const { return place_ == end_; }
  /// Of the deadline of a required call that is not linearized, in the schedule's events.
  [[nodiscard]] std::uint32_t place() const { return place_; }
  /// Which of the open calls are linearized, by slot.
  [[nodiscard]] std::span<const std::uint64_t> linearized() const { return linearized_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; } ///< of `linearized()`
  [[nodiscard]] std::size_t words() const { return linearized_.size(); }

  /// Calls `visit(call)` for every open call that is not linearized, until it returns false. It may linearize the one
  /// that it is shown, and must return false when that moved the cursor.
  template <typename Visit>
  void each_open(Visit visit) const {
    for (std::size_t word = 0; word < waiting_.size(); ++word)
      for (auto bits = waiting_[word]; bits != 0; bits &= bits - 1)
        if (!visit(calls_of_[64 * word + static_cast<std::size_t>(std::countr_zero(bits))]))
          return;
  }

  /// Of an open call that is not. True when this moved the cursor to another place.
  bool linearize(CallIndex call);
  /// The call linearized last.
  void take_back(CallIndex call);

private:
  static std::uint64_t bit(Slot slot) { return std::uint64_t{1} << slot % 64; }
  [[nodiscard]] bool is_linearized(Slot slot) const { return (linearized_[slot / 64] & bit(slot)) != 0; }
  void flip_linearized(Slot slot) {
    linearized_[slot / 64] ^= bit(slot);
    hash_ ^= keys_[slot];
  }
  void advance();
  void rewind(std::uint32_t place);

  const Schedule& schedule_;
  std::span<const Call> calls_;
  std::uint32_t place_ = 0;
  std::uint32_t end_ = 0;              ///< nothing that is required has its deadline here or later
  std::vector<std::uint64_t> waiting_; ///< open and not linearized, by slot
  std::vector<std::uint64_t> linearized_;
  std::uint64_t hash_ = 0;
  std::vector<std::uint64_t> keys_;   ///< Zobrist's, by slot
  std::vector<CallIndex> calls_of_;   ///< by slot
  std::vector<std::uint32_t> places_; ///< before each call that was linearized
  std::vector<bool> expired_;         ///< of each optional call whose deadline was passed, whether it was linearized
};

} // namespace holdfast::consistency::linearizability
