// Many small histories, shrunk where one fails.
#pragma once

#include "tests/consistency/serial_order.hpp"

#include <functional>
#include <string>

namespace holdfast::test {

struct Trial {
  consistency::History history;
  std::string mutation;           ///< what was done to it; empty: nothing
  bool was_valid = false;         ///< a strictly serializable database made it
  bool has_order = false;         ///< a serial one
  bool has_order_in_time = false; ///< a serial one that keeps real time
};

enum class Family { lists, registers, long_fork };

struct Tally {
  std::size_t valid = 0;   ///< histories with a serial order in real time
  std::size_t invalid = 0; ///< without
  std::string failure;     ///< of the first that failed, shrunk: why, and the history
};

/// Makes histories of databases of all levels, half of them mutated, until `check` says why one fails. In half of them
/// all keys are read in the end.
[[nodiscard]] Tally try_many(unsigned count, Family family, const std::function<std::string(Trial&)>& check);

} // namespace holdfast::test
