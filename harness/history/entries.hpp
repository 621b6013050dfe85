// Lists as replies held them. A user's list is read again and again and mostly holds what it held before: an entry does
// not change once it is in a list, and lists share it.
#pragma once

#include <boost/iterator/indirect_iterator.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::history {

/// One element of a list that a reply held.
struct ListEntry {
  std::string id; ///< the client's id
  std::optional<std::int64_t> amount;
  std::string item;
  std::string peer;
  std::string kind;

  bool operator==(const ListEntry&) const = default;
};

/// Eight bytes an entry. Copies share their entries, which are counted without locks: a history stays on one thread.
class EntryList {
  struct Counted : boost::intrusive_ref_counter<Counted, boost::thread_unsafe_counter>, ListEntry {
    explicit Counted(ListEntry entry) : ListEntry(std::move(entry)) {}
  };
  using Shared = boost::intrusive_ptr<const Counted>;

public:
  using value_type = ListEntry;
  using const_iterator = boost::indirect_iterator<std::vector<Shared>::const_iterator, const ListEntry>;

  EntryList() = default;
  EntryList(std::initializer_list<ListEntry> entries) : EntryList(std::span(entries.begin(), entries.size())) {}
  explicit EntryList(std::span<const ListEntry> entries) {
    for (const auto& entry : entries)
      push_back(entry);
  }

  void push_back(ListEntry entry) { entries_.emplace_back(new Counted(std::move(entry))); }
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

private:
  std::vector<Shared> entries_;
};

} // namespace holdfast::history
