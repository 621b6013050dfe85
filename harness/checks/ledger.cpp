// Turns operations and the lists in their replies into the numbers that the consistency engines judge. A user's list is
// read again and again and mostly repeats the one before it: entries that are repeated take their record over from
// there, and only fresh ones are looked up.
#include "harness/checks/ledger.hpp"

#include <stdexcept>
#include <utility>

namespace holdfast::checks {

using consistency::Position;
using history::Outcome;
using scenario::Role;

Ledger::Ledger(const Facts& from, Role role, std::initializer_list<Role> makers, IsAltered is_altered)
    : facts(from), list(role), records_of_(from.bundle.history.operations.size(), consistency::none) {
  std::size_t records = 0;
  for (const auto maker : makers)
    records += facts.of(maker).size();
  origins.reserve(records);
  roles.reserve(records);
  sightings.records.reserve(records);
  for (const auto maker : makers)
    add_records(maker);
  // Reserved at once: there may be tens of millions of elements, and an array that grows copies them again and again.
  std::size_t elements = 0;
  for (const auto* read : facts.of(list))
    elements += facts.list(*read, list).size();
  sightings.elements.reserve(elements);
  std::vector<consistency::ReadId> last(facts.users.size(), consistency::none); // read of each user
  for (const auto* read : facts.of(list))
    if (read->outcome == Outcome::ok) {
      auto& before = last[facts.user(*read)];
      add_read(*read, std::exchange(before, static_cast<consistency::ReadId>(reads.size())), is_altered);
    }
}

void Ledger::add_records(Role maker) {
  const auto& made = facts.of(maker);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto& origin = *made[i];
    records_of_[origin.number] = static_cast<consistency::RecordId>(origins.size());
    auto& record = sightings.records.emplace_back();
    record.owner = record.session = facts.user(origin);
    record.submitted = static_cast<Position>(origin.invoked);
    // An operation that was open when the history ended may have taken effect: only one that completed as failed had
    // none.
    record.is_rejected = origin.outcome == Outcome::fail && origin.completed != 0;
    if (origin.outcome == Outcome::ok)
      record.acknowledged = static_cast<Position>(origin.completed);
    if (maker == Role::transfer) {
      record.partner = facts.peers()[i];
      record.appearances = record.partner == record.owner ? 2 : 1; // a transfer to oneself is a debit and a credit
    }
    origins.push_back(&origin);
    roles.push_back(maker);
  }
}

consistency::RecordId Ledger::record_of(const history::EntryList& entries, std::size_t place) const {
  const auto operation = entries.operation(place);
  if (operation == history::EntryList::no_operation)
    return consistency::none;
  // This also catches `not_looked_up`, which is larger than any operation's number.
  if (operation >= records_of_.size())
    throw std::logic_error("the entries of a list are not identified");
  return records_of_[operation];
}

void Ledger::add_read(const Operation& read, consistency::ReadId before, IsAltered is_altered) {
  const auto& entries = facts.list(read, list);
  const history::EntryList nothing;
  const history::Repetition repeated(entries, before == consistency::none ? nothing : facts.list(*reads[before], list));
  const auto old_first = before == consistency::none ? 0 : sightings.reads[before].first;
  const auto user = facts.user(read);
  sightings.begin_read({.invoked = static_cast<Position>(read.invoked),
                        .completed = static_cast<Position>(read.completed),
                        .collection = user,
                        .session = user,
                        .judges_absence = read.checkpoint == 0, // find_losses judges reads at checkpoints
                        .judges_repeats = !facts.may_be_torn(read)});
  reads.push_back(&read);
  // An element stands at the place of its entry. A fresh entry gets a placeholder there, which is filled in below once
  // `find_records` has looked all of them up together.
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (const auto place = repeated.of(i)) {
      const auto known = sightings.elements[old_first + *place];
      sightings.show(known.record, known.altered != 0);
    } else {
      sightings.show(0);
      fresh_.push_back({static_cast<std::uint32_t>(i), 0});
    }
  find_records(entries, user);
  for (const auto& [place, record] : fresh_) {
    const bool altered = record < submitted() && is_altered != nullptr && is_altered(*origins[record], entries[place]);
    sightings.elements[sightings.reads.back().first + place] = consistency::Sightings::element(record, altered);
  }
  fresh_.clear();
}

/// Looks up the records of all fresh entries in passes: each pass prefetches what the next one reads, so that the waits
/// for memory overlap. An entry whose id belongs to no operation of the makers' roles becomes a record that nobody
/// submitted, owned by the user whose list shows it first.
void Ledger::find_records(const history::EntryList& entries, std::uint32_t user) {
  for (const auto& one : fresh_)
    entries.prefetch(one.place);
  for (const auto& one : fresh_)
    if (const auto operation = entries.operation(one.place); operation < records_of_.size())
      __builtin_prefetch(&records_of_[operation]);
  for (auto& one : fresh_) {
    one.record = record_of(entries, one.place);
    if (one.record != consistency::none) {
      __builtin_prefetch(&origins[one.record]);
      continue;
    }
    one.record = submitted() + unsubmitted_.number(entries[one.place].id);
    if (one.record == sightings.records.size())
      sightings.records.push_back({.owner = user});
  }
  for (const auto& one : fresh_)
    if (one.record < submitted())
      origins[one.record]->values.prefetch();
}

CheckpointReads::CheckpointReads(const Ledger& ledger, Role list)
    : users_(ledger.facts.users.size()), all_(ledger.facts.checkpoints.size() * users_) {
  // Only reads of the ledger's own list that succeeded are numbered in it. Reads of another list are found all the
  // same, without a number.
  std::unordered_map<const Operation*, consistency::ReadId> numbers;
  for (consistency::ReadId id = 0; list == ledger.list && id < ledger.reads.size(); ++id)
    if (ledger.reads[id]->checkpoint != 0)
      numbers.emplace(ledger.reads[id], id);
  for (std::size_t i = 0; i < ledger.facts.checkpoints.size(); ++i)
    for (std::uint32_t user = 0; user < users_; ++user) {
      const auto* read = ledger.facts.read(list, user, ledger.facts.checkpoints[i].number);
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

} // namespace holdfast::checks
