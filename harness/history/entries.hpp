// Lists as replies held them. A user's list is read again and again and mostly holds what it held before: an entry does
// not change once it is in a list, and lists share it.
#pragma once

#include "harness/history/names.hpp"
#include "harness/text/decimal.hpp"

#include <boost/iterator/indirect_iterator.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::history {

/// One element of a list that a reply held.
struct ListEntry {
  std::string id; ///< the client's id
  std::optional<text::Decimal> amount;
  std::string item;
  std::string peer;
  std::string kind;

  bool operator==(const ListEntry&) const = default;
};

/// Eight bytes an entry. Knows of each the operation that its id names (see identities.hpp). Copies share their
/// entries, which are counted without locks: a history stays on one thread.
class EntryList {
  struct Identity {
    std::uint32_t operation = not_looked_up;
  };
  struct Counted : boost::intrusive_ref_counter<Counted, boost::thread_unsafe_counter>, Identity, ListEntry {
    explicit Counted(ListEntry entry) : ListEntry(std::move(entry)) {}
  };
  using Shared = boost::intrusive_ptr<Counted>;

public:
  static constexpr std::uint32_t not_looked_up = UINT32_MAX;
  static constexpr std::uint32_t no_operation = UINT32_MAX - 1; ///< has this id
  using const_iterator = boost::indirect_iterator<std::vector<Shared>::const_iterator, const ListEntry>;

  EntryList() = default;
  EntryList(std::initializer_list<ListEntry> entries) : EntryList(std::span(entries.begin(), entries.size())) {}
  explicit EntryList(std::span<const ListEntry> entries) {
    for (const auto& entry : entries)
      push_back(entry);
  }

  void push_back(ListEntry entry) { entries_.push_back(Shared(new Counted(std::move(entry)))); }
  /// Shares one entry of another list.
  void append(const EntryList& other, std::size_t place) { entries_.push_back(other.entries_[place]); }
  /// Shares all of them.
  void append(const EntryList& more) { entries_.insert(entries_.end(), more.entries_.begin(), more.entries_.end()); }
  void reserve(std::size_t size) { entries_.reserve(size); }

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const ListEntry& operator[](std::size_t place) const { return *entries_[place]; }
  [[nodiscard]] const_iterator begin() const { return const_iterator(entries_.begin()); }
  [[nodiscard]] const_iterator end() const { return const_iterator(entries_.end()); }

  /// What is here equals what is there. Quick where both share it.
  [[nodiscard]] bool equal_at(std::size_t here, const EntryList& other, std::size_t there) const {
    return entries_[here] == other.entries_[there] || (*this)[here] == other[there];
  }
  [[nodiscard]] bool operator==(const EntryList& other) const;

  /// The number of the operation that has the entry's id; or one of the two above.
  [[nodiscard]] std::uint32_t operation(std::size_t place) const { return entries_[place]->operation; }
  /// Looks for the operations of entries that have none yet, among ids by number. True when all were found.
  bool identify(const Names& operations);
  /// An entry is wanted soon.
  void prefetch(std::size_t place) const { __builtin_prefetch(entries_[place].get()); }

private:
  std::vector<Shared> entries_;
};

/// What a list repeats of the one that was read before it: mostly all of it, with more at one end. References both.
class Repetition {
public:
  Repetition(const EntryList& list, const EntryList& before)
      : list_(list), before_(before),
        shift_(!before.empty() && list.size() > before.size() && !list.equal_at(0, before, 0)
                   ? list.size() - before.size() // it grows at its front
                   : 0) {}

  /// The place in the list before of the entry at a place; nothing where that is another.
  [[nodiscard]] std::optional<std::size_t> of(std::size_t place) const {
    return place >= shift_ && place - shift_ < before_.size() && list_.equal_at(place, before_, place - shift_)
               ? std::optional(place - shift_)
               : std::nullopt;
  }

private:
  const EntryList& list_;
  const EntryList& before_;
  std::size_t shift_;
};

} // namespace holdfast::history
