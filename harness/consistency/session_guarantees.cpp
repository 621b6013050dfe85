#include "harness/consistency/session_guarantees.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>

namespace holdfast::consistency {

namespace {

/// The writes of each session in each collection, and for the read at hand the youngest of each that it shows.
class Writers {
public:
  explicit Writers(const Sightings& sightings)
      : sightings_(sightings), writer_of_(sightings.records.size(), none), shown_in_(sightings.records.size(), none) {
    std::vector<RecordId> all;
    for (RecordId id = 0; id < sightings.records.size(); ++id)
      if (sightings.records[id].may_exist() && sightings.records[id].session != none)
        all.push_back(id);
    const auto key = [&](RecordId id) { return std::pair(sightings.records[id].owner, sightings.records[id].session); };
    std::sort(all.begin(), all.end(), [&](RecordId a, RecordId b) {
      return std::pair(key(a), sightings.records[a].acknowledged) <
             std::pair(key(b), sightings.records[b].acknowledged);
    });
    for (const auto id : all) {
      if (keys_.empty() || keys_.back() != key(id)) {
        keys_.push_back(key(id));
        durable_.emplace_back();
      }
      writer_of_[id] = static_cast<std::uint32_t>(keys_.size() - 1);
      if (sightings.records[id].acknowledged != never && sightings.records[id].removing == never)
        durable_.back().push_back(id);
    }
    youngest_.resize(keys_.size(), none);
    youngest_in_.resize(keys_.size(), none);
  }

  /// Makes a read the one at hand. `youngest_in_` and `shown_in_` hold the read for which an entry was made, so nothing
  /// has to be cleared between reads.
  void look_at(ReadId id) {
    read_ = id;
    writers_.clear();
    for (const auto element : sightings_.of(sightings_.reads[id])) {
      shown_in_[element.record] = id;
      const auto writer = writer_of_[element.record];
      if (writer == none)
        continue;
      if (youngest_in_[writer] != id) {
        writers_.push_back(writer);
        youngest_in_[writer] = id;
        youngest_[writer] = element.record;
      } else if (sightings_.records[youngest_[writer]].submitted < sightings_.records[element.record].submitted) {
        youngest_[writer] = element.record;
      }
    }
  }

  [[nodiscard]] bool shows(RecordId record) const { return shown_in_[record] == read_; }
  /// Those of whom the read shows something.
  [[nodiscard]] const std::vector<std::uint32_t>& writers() const { return writers_; }
  [[nodiscard]] RecordId youngest(std::uint32_t writer) const { return youngest_[writer]; }
  /// `none` when the session wrote nothing there, or nothing that the read shows.
  [[nodiscard]] RecordId youngest(std::uint32_t collection, std::uint32_t session) const {
    const auto found = std::lower_bound(keys_.begin(), keys_.end(), std::pair(collection, session));
    if (found == keys_.end() || *found != std::pair(collection, session))
      return none;
    const auto writer = static_cast<std::size_t>(found - keys_.begin());
    return youngest_in_[writer] == read_ ? youngest_[writer] : none;
  }
  /// What was acknowledged before the youngest write was begun, by acknowledgement.
  [[nodiscard]] std::span<const RecordId> before_youngest(std::uint32_t writer) const {
    const auto& all = durable_[writer];
    const auto begun = sightings_.records[youngest_[writer]].submitted;
    const auto end = std::partition_point(all.begin(), all.end(),
                                          [&](RecordId id) { return sightings_.records[id].acknowledged < begun; });
    return {all.begin(), end};
  }
  [[nodiscard]] std::uint32_t writer_of(RecordId record) const { return writer_of_[record]; }

private:
  const Sightings& sightings_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> keys_; ///< collection and session of each writer
  std::vector<std::vector<RecordId>> durable_;                ///< acknowledged and never removed, by acknowledgement
  std::vector<std::uint32_t> writer_of_;
  std::vector<ReadId> shown_in_;
  std::vector<RecordId> youngest_;
  std::vector<ReadId> youngest_in_;
  std::vector<std::uint32_t> writers_;
  ReadId read_ = none;
};

std::vector<Breach> find_monotonic_writes(const Sightings& sightings, Budget& budget) {
  std::vector<Breach> found;
  Writers writers(sightings);
  std::unordered_set<RecordId> said;
  std::vector<std::size_t> shown; ///< of what must be shown, for each writer at hand
  for (ReadId id = 0; id < sightings.reads.size() && !budget.exhausted(); ++id) {
    if (!sightings.reads[id].judges_absence)
      continue;
    writers.look_at(id);
    for (const auto writer : writers.writers()) {
      // By acknowledgement, so the first that is missing ends the search: over all reads no more than they show.
      const auto must = writers.before_youngest(writer);
      const auto missing = std::find_if(must.begin(), must.end(), [&](RecordId one) { return !writers.shows(one); });
      if (missing != must.end() && said.insert(*missing).second)
        found.push_back({*missing, id, none, writers.youngest(writer)});
    }
  }
  return found;
}

/// First all sightings by collection and time; then for each read those from before the youngest write that it shows
/// are looked through for a record that it lacks.
std::vector<Breach> find_writes_follow_reads(const Sightings& sightings, const Lanes& lanes, const Holders& holders,
                                             Budget& budget) {
  struct Known {
    std::uint32_t collection;
    Position at; ///< the end of the first read that showed it
    RecordId record;
  };
  const auto completed = [&](std::uint32_t place) { return sightings.reads[lanes.order[place]].completed; };
  std::vector<Known> known;
  for (RecordId id = 0; id < sightings.records.size(); ++id) {
    const auto& record = sightings.records[id];
    if (!record.may_exist() || record.removing != never)
      continue;
    const auto size = known.size();
    for (const auto place : holders.of(id)) {
      const auto collection = sightings.reads[lanes.order[place]].collection;
      if (known.size() == size || known.back().collection != collection)
        known.push_back({collection, completed(place), id});
      known.back().at = std::min(known.back().at, completed(place));
    }
  }
  std::sort(known.begin(), known.end(), [](const Known& a, const Known& b) {
    return std::tuple(a.collection, a.at, a.record) < std::tuple(b.collection, b.at, b.record);
  });
  std::vector<Breach> found;
  Writers writers(sightings);
  for (ReadId id = 0; id < sightings.reads.size() && !budget.exhausted(); ++id) {
    const auto& read = sightings.reads[id];
    if (!read.judges_absence)
      continue;
    writers.look_at(id);
    Position youngest = 0;
    for (const auto writer : writers.writers())
      youngest = std::max(youngest, sightings.records[writers.youngest(writer)].submitted);
    // The first sighting in each session of what the read lacks, against the youngest write of that session it shows.
    const auto breach = [&](RecordId record) {
      for (const auto place : holders.of(record)) {
        const auto& lane = lanes.lanes[lanes.lane_of[place]];
        if (lane.collection != read.collection)
          continue;
        const auto later = writers.youngest(lane.collection, lane.session);
        if (later == none || later == record || completed(place) >= sightings.records[later].submitted)
          continue;
        found.push_back({record, id, lanes.order[place], later});
        return true;
      }
      return false;
    };
    const auto begin = std::lower_bound(known.begin(), known.end(), read.collection,
                                        [](const Known& one, std::uint32_t key) { return one.collection < key; });
    for (auto one = begin; one != known.end() && one->collection == read.collection && one->at < youngest; ++one)
      if (budget.exhausted() || (!writers.shows(one->record) && breach(one->record)))
        break;
  }
  return found;
}

} // namespace

std::string_view to_string(Guarantee guarantee) {
  switch (guarantee) {
  case Guarantee::read_your_writes:
    return "read-your-writes";
  case Guarantee::monotonic_reads:
    return "monotonic-reads";
  case Guarantee::monotonic_writes:
    return "monotonic-writes";
  case Guarantee::writes_follow_reads:
    return "writes-follow-reads";
  }
  return {};
}

// Of the two guarantees of reads: absences within the lane of each session already tell what it lacks.
std::vector<Breach> find_breaches(const Sightings& sightings, const Lanes& lanes, const Holders& holders,
                                  Guarantee guarantee, Budget& budget) {
  if (guarantee == Guarantee::monotonic_writes)
    return find_monotonic_writes(sightings, budget);
  if (guarantee == Guarantee::writes_follow_reads)
    return find_writes_follow_reads(sightings, lanes, holders, budget);
  std::vector<Breach> found;
  for (const auto& absence : find_absences(sightings, lanes, holders).absences) {
    const auto& record = sightings.records[absence.record];
    if (!record.may_exist() || record.removing != never)
      continue;
    if (guarantee == Guarantee::monotonic_reads && absence.flickered != none)
      found.push_back({absence.record, absence.flickered, absence.seen, none});
    const bool is_own = absence.missing != none && record.owner == absence.collection &&
                        sightings.reads[absence.missing].session == record.session;
    if (guarantee == Guarantee::read_your_writes && is_own) {
      // What was seen before it was acknowledged need not be seen by virtue of having been written, until then.
      if (sightings.reads[absence.missing].invoked > record.acknowledged)
        found.push_back({absence.record, absence.missing, none, none});
    }
  }
  return found;
}

} // namespace holdfast::consistency
