// A history of a set as sightings: `add` of an element, `remove` of one, `read` of all. What `set` and `set-full`
// share.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/durability.hpp"
#include "harness/consistency/evidence.hpp"
#include "harness/consistency/numbering.hpp"
#include "harness/consistency/result.hpp"

#include <string>

namespace holdfast::consistency {

enum class SetReads {
  all,
  last ///< of each key, the one that began last
};

struct SetHistory {
  explicit SetHistory(const History& history) : elements(history.values), keys(history.values) {}

  Sightings sightings; ///< a collection is a key of the history, a session a process
  Numbering elements;  ///< the number of an element is that of its record
  Numbering keys;
  std::vector<OperationId> adds;    ///< of each record the add that was acknowledged first, else the first; `none`
  std::vector<OperationId> removes; ///< of each record the remove that was acknowledged first, else the first; `none`
  std::vector<OperationId> reads;   ///< of each read
  Evidence evidence;
  std::size_t recovered = 0; ///< elements of adds of unknown outcome that a read shows
  std::string wrong;         ///< a sentence with the line, when the history is not one of a set
};

[[nodiscard]] SetHistory read_set(const History& history, SetReads reads);

/// Adds what reads show although it should not be there, or twice.
void add_intruders(Result& result, const History& history, const SetHistory& set);

/// Adds what reads lack to their end, and what they show after it was removed.
void add_losses(Result& result, const History& history, const SetHistory& set, const Durability& durability);

/// The verdict. What was acknowledged and never read back makes it `unknown`, as does a budget that is used up.
void finish(Result& result, const History& history, const SetHistory& set, const Durability& durability,
            Budget& budget);

/// "element 5", with its key where the history has keys.
[[nodiscard]] std::string describe(const History& history, const SetHistory& set, RecordId record);

} // namespace holdfast::consistency
