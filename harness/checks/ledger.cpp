#include "harness/checks/ledger.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::checks {

using consistency::Position;
using history::Outcome;
using scenario::Role;

Ledger::Ledger(const Facts& from, Role role, std::initializer_list<Role> makers, IsAltered is_altered)
    : facts(from), list(role) {
  std::size_t submitted = 0;
  for (const auto maker : makers)
    submitted += facts.of(maker).size();
  ids.reserve(submitted);
  origins.reserve(submitted);
  sightings.records.reserve(submitted);
  for (const auto maker : makers)
    for (const auto* operation : facts.of(maker)) {
      if (ids.number(operation->id) < origins.size())
        continue;
      const auto user = users.number(operation->user);
      auto& record = sightings.records.emplace_back();
      record.owner = record.session = user;
      record.submitted = static_cast<Position>(operation->invoked);
      record.is_rejected = operation->outcome == Outcome::fail && operation->completed != 0;
      if (operation->outcome == Outcome::ok)
        record.acknowledged = static_cast<Position>(operation->completed);
      if (maker == Role::transfer) {
        record.partner = users.number(operation->values.find("peer").value_or(std::string_view{}));
        record.appearances = record.partner == user ? 2 : 1; // a transfer to oneself is a debit and a credit
      }
      origins.push_back(operation);
      roles.push_back(maker);
    }
  std::size_t elements = 0;
  for (const auto* read : facts.of(list))
    elements += facts.list(*read, list).size();
  sightings.elements.reserve(elements);
  std::vector<consistency::ReadId> last; // read of each user
  for (const auto* read : facts.of(list)) {
    const auto user = users.number(read->user); // also of one whose list was never read
    if (read->outcome != Outcome::ok)
      continue;
    last.resize(std::max<std::size_t>(last.size(), user + 1), consistency::none);
    add_read(*read, user, std::exchange(last[user], static_cast<consistency::ReadId>(reads.size())), is_altered);
  }
}

void Ledger::add_read(const Operation& read, std::uint32_t user, consistency::ReadId before, IsAltered is_altered) {
  const auto& entries = facts.list(read, list);
  // A list that is read again mostly holds what it held before, and more at one of its ends: no need to look that up.
  static const std::vector<history::ListEntry> nothing;
  const auto& old_entries = before == consistency::none ? nothing : facts.list(*reads[before], list);
  const auto old_first = before == consistency::none ? 0 : sightings.reads[before].first;
  const bool grows_at_front =
      !old_entries.empty() && entries.size() >= old_entries.size() && entries.front() != old_entries.front();
  const std::size_t shift = grows_at_front ? entries.size() - old_entries.size() : 0;
  sightings.begin_read({.invoked = static_cast<Position>(read.invoked),
                        .completed = static_cast<Position>(read.completed),
                        .collection = user,
                        .session = user,
                        .judges_absence = read.checkpoint == 0, // those are judged by where the record is at the end
                        .judges_repeats = !facts.may_be_torn(read)});
  reads.push_back(&read);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (i >= shift && i - shift < old_entries.size() && entry == old_entries[i - shift]) {
      const auto known = sightings.elements[old_first + i - shift];
      sightings.show(known.record, known.altered != 0);
      continue;
    }
    const auto record = ids.number(entry.id);
    if (record == origins.size()) {
      origins.push_back(nullptr);
      sightings.records.push_back({.owner = user});
    }
    const auto* origin = origins[record];
    sightings.show(record, origin != nullptr && is_altered != nullptr && is_altered(*origin, entry));
  }
}

CheckpointReads::CheckpointReads(const Ledger& ledger)
    : users_(ledger.users.size()), all_(ledger.facts.checkpoints.size() * users_) {
  std::unordered_map<const Operation*, consistency::ReadId> numbers;
  for (consistency::ReadId id = 0; id < ledger.reads.size(); ++id)
    if (ledger.reads[id]->checkpoint != 0)
      numbers.emplace(ledger.reads[id], id);
  for (std::size_t i = 0; i < ledger.facts.checkpoints.size(); ++i)
    for (std::uint32_t user = 0; user < users_; ++user) {
      const auto* read = ledger.facts.read(ledger.list, ledger.users[user], ledger.facts.checkpoints[i].number);
      const auto number = numbers.find(read);
      if (read != nullptr && read->completed != 0)
        all_[i * users_ + user] = {read, number == numbers.end() ? consistency::none : number->second};
    }
}

const history::ListEntry* Ledger::altered_entry(consistency::ReadId read, consistency::RecordId record) const {
  const auto shown = sightings.of(sightings.reads[read]);
  for (std::size_t i = 0; i < shown.size(); ++i)
    if (shown[i].record == record && shown[i].altered != 0)
      return &facts.list(*reads[read], list)[i];
  return nullptr;
}

const history::ListEntry* Entries::find(const Operation& read, Role list, std::string_view id) {
  const auto& all = facts_.list(read, list);
  const auto [known, is_new] = sorted_.try_emplace(&all);
  auto& sorted = known->second;
  if (is_new) {
    sorted.reserve(all.size());
    for (const auto& entry : all)
      sorted.push_back(&entry);
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  }
  const auto found =
      std::lower_bound(sorted.begin(), sorted.end(), id, [](const auto* entry, auto key) { return entry->id < key; });
  return found == sorted.end() || (*found)->id != id ? nullptr : *found;
}

} // namespace holdfast::checks
