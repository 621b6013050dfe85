// The transactions of a history, flat: every read and write with a dense number for its key.
#pragma once

#include "harness/consistency/history.hpp"
#include "harness/consistency/isolation/flat_index.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::consistency::isolation {

/// One read or write of a transaction.
struct Step {
  Value value; ///< what was written, or read; of a transaction that is not `ok`, a read's is not to be believed
  std::uint32_t key = 0;
  bool is_write = false;
};

/// Transactions are their operations: the same ids.
struct Transactions {
  const History* history = nullptr;
  std::vector<Value> keys;          ///< by number
  std::vector<Step> steps;          ///< of all, one transaction after the other
  std::vector<std::uint32_t> first; ///< of each transaction, and one more
  std::size_t reads = 0;            ///< in acknowledged transactions
  std::size_t writes = 0;           ///< in transactions that did not fail

  [[nodiscard]] std::span<const Step> of(OperationId id) const {
    return std::span(steps).subspan(first[id], first[id + 1] - first[id]);
  }
  [[nodiscard]] Outcome outcome(OperationId id) const { return history->operations[id].outcome; }
  [[nodiscard]] std::size_t count() const { return history->operations.size(); }
  [[nodiscard]] std::string show(Value value) const { return history->values.show(value); }
  [[nodiscard]] std::string show_key(std::uint32_t key) const { return show(keys[key]); }
};

/// How the values of a model look.
struct Grammar {
  std::string_view write;   ///< the name of a write: append, w
  bool reads_lists = false; ///< what is read is a list, or nil
};

/// Returns why the history is none of such transactions, with the line; empty when all is well.
[[nodiscard]] std::string read_transactions(const History& history, const Grammar& grammar, Transactions& into);

/// One write: who wrote a value to a key.
struct Write {
  Value value;
  std::uint32_t key = 0;
  OperationId by = 0;      ///< the first that did not fail; the first that failed where all did
  OperationId also_by = 0; ///< of a doubled one
  bool is_final = false;   ///< not overwritten by the same transaction
  bool is_doubled = false; ///< written by more than one that did not fail, or twice by one: who wrote it cannot be told
  bool has_failed = false; ///< all who wrote it failed
};

/// All writes by key and value.
class Writes {
public:
  explicit Writes(const Transactions& transactions);

  /// Null when nobody ever wrote it.
  [[nodiscard]] const Write* find(std::uint32_t key, Value value) const {
    const auto number = index_.find(key, value.bits());
    return number == none ? nullptr : &all_[number];
  }
  [[nodiscard]] std::uint32_t number(std::uint32_t key, Value value) const { return index_.find(key, value.bits()); }
  [[nodiscard]] const std::vector<Write>& all() const { return all_; }

private:
  FlatIndex index_;
  std::vector<Write> all_;
};

} // namespace holdfast::consistency::isolation
