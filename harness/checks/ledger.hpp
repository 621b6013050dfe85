// The records of one kind and the reads of their lists as dense numbers, which the engines of durability and
// exactly-once judge, and the way back from numbers to operations.
#pragma once

#include "harness/checks/check.hpp"
#include "harness/consistency/durability.hpp"
#include "harness/consistency/exactly_once.hpp"
#include "harness/history/names.hpp"

#include <string_view>

namespace holdfast::checks {

/// The words that name a kind of record in findings.
struct RecordWords {
  std::string record; ///< "purchase"
  std::string list;   ///< "purchase history"
};

/// References the facts and the operations, which must outlive it. Records are numbered in the order of the operations
/// that submitted them, and then those that nobody submitted.
struct Ledger {
  /// Records are what operations of the roles `makers` may have made, in this order. `is_altered` says whether an entry
  /// differs from what was submitted; without it nothing is compared. Throws std::logic_error when entries are not
  /// identified (history/identities.hpp).
  using IsAltered = bool (*)(const Operation& origin, const history::ListEntry& entry);
  Ledger(const Facts& facts, scenario::Role list, std::initializer_list<scenario::Role> makers,
         IsAltered is_altered = nullptr);

  const Facts& facts;
  scenario::Role list;
  consistency::Sightings sightings;      ///< collections and sessions are users; reads at checkpoints judge no absence
  std::vector<const Operation*> origins; ///< of each record that somebody submitted
  consistency::LargeVector<scenario::Role> roles; ///< of each of these: what made it
  std::vector<const Operation*> reads;            ///< of each read

  [[nodiscard]] std::string_view id(consistency::RecordId record) const {
    return record < origins.size() ? origins[record]->id : unsubmitted_[record - submitted()];
  }
  /// Null of one that nobody submitted.
  [[nodiscard]] const Operation* origin(consistency::RecordId record) const {
    return record < origins.size() ? origins[record] : nullptr;
  }
  /// Of an entry, by what submitted it; `none` when nobody did.
  [[nodiscard]] consistency::RecordId record_of(const history::EntryList& entries, std::size_t place) const;
  /// The first entry of a record that a read shows altered.
  [[nodiscard]] const history::ListEntry* altered_entry(consistency::ReadId read, consistency::RecordId record) const;

private:
  [[nodiscard]] consistency::RecordId submitted() const { return static_cast<consistency::RecordId>(origins.size()); }
  void add_records(scenario::Role maker);
  void add_read(const Operation& read, consistency::ReadId before, IsAltered is_altered);
  void find_records(const history::EntryList& entries, std::uint32_t user);

  consistency::LargeVector<consistency::RecordId> records_of_; ///< of each operation; `none` where it submits none
  history::Names unsubmitted_;                                 ///< ids
  struct Fresh {
    std::uint32_t place;
    consistency::RecordId record;
  };
  std::vector<Fresh> fresh_; ///< entries of the list at hand that were not in the one before it
};

/// The reads of every user's list that count at every checkpoint.
class CheckpointReads {
public:
  /// Of the ledger's own list.
  explicit CheckpointReads(const Ledger& ledger) : CheckpointReads(ledger, ledger.list) {}
  /// Of another list of the ledger's users.
  CheckpointReads(const Ledger& ledger, scenario::Role list);

  struct Read {
    const Operation* operation = nullptr;       ///< null: there was none, or it never completed
    consistency::ReadId id = consistency::none; ///< in the ledger, of one of its list that succeeded

    [[nodiscard]] bool succeeded() const { return operation != nullptr && operation->outcome == history::Outcome::ok; }
  };
  /// By the checkpoint's place in the facts, and the user's number.
  [[nodiscard]] const Read& at(std::size_t checkpoint, std::uint32_t user) const {
    return all_[checkpoint * users_ + user];
  }

private:
  std::size_t users_;
  std::vector<Read> all_;
};

} // namespace holdfast::checks
