#include "harness/consistency/durability.hpp"

#include <algorithm>

namespace holdfast::consistency {

namespace {

/// One record in one lane: all questions are answered by walking its sightings and the lane's reads together.
class Walk {
public:
  Walk(const Sightings& sightings, const Lanes& lanes, const Lanes::Lane& lane, std::span<const std::uint32_t> places,
       const Record& record)
      : sightings_(sightings), lanes_(lanes), lane_(lane), places_(places), record_(record) {}

  [[nodiscard]] const Read& at(std::uint32_t place) const { return sightings_.reads[lanes_.order[place]]; }

  /// The sighting that ended first.
  [[nodiscard]] std::uint32_t first_seen() const {
    const auto found = std::min_element(places_.begin(), places_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return at(a).completed < at(b).completed;
    });
    return found == places_.end() ? none : *found;
  }
  /// The first place whose read began after a position.
  [[nodiscard]] std::uint32_t after(Position position) const {
    const auto begin = lanes_.order.begin() + lane_.begin;
    const auto end = lanes_.order.begin() + lane_.end;
    const auto found =
        std::partition_point(begin, end, [&](ReadId id) { return sightings_.reads[id].invoked <= position; });
    return static_cast<std::uint32_t>(found - lanes_.order.begin());
  }
  [[nodiscard]] bool must_show(std::uint32_t place) const {
    return at(place).judges_absence && at(place).completed < record_.removing;
  }
  /// The first read from a place on that must show it and does not.
  [[nodiscard]] std::uint32_t first_missing(std::uint32_t place) const {
    auto shown = std::lower_bound(places_.begin(), places_.end(), place);
    for (; place < lane_.end && at(place).invoked < record_.removing; ++place) {
      if (shown != places_.end() && *shown == place)
        ++shown;
      else if (must_show(place))
        return place;
    }
    return none;
  }
  /// The last read that must show it, from a place on.
  [[nodiscard]] std::uint32_t last_judge(std::uint32_t from) const {
    auto place = record_.removing == never ? lane_.end : after(record_.removing);
    while (place > from)
      if (must_show(--place))
        return place;
    return none;
  }
  /// Of the reads from a place on that lack it and may do so, the one that ended first.
  [[nodiscard]] std::uint32_t first_gone(std::uint32_t place) const {
    auto shown = std::lower_bound(places_.begin(), places_.end(), place);
    std::uint32_t gone = none;
    for (; place < lane_.end && (gone == none || at(place).invoked < at(gone).completed); ++place) {
      if (shown != places_.end() && *shown == place)
        ++shown;
      else if (at(place).judges_absence && !must_show(place) &&
               (gone == none || at(place).completed < at(gone).completed))
        gone = place;
    }
    return gone;
  }

private:
  const Sightings& sightings_;
  const Lanes& lanes_;
  const Lanes::Lane& lane_;
  std::span<const std::uint32_t> places_;
  const Record& record_;
};

class Judge {
public:
  Judge(const Sightings& sightings, const Lanes& lanes) : sightings_(sightings), lanes_(lanes) {}

  void judge(RecordId id, const Lanes::Lane& lane, std::span<const std::uint32_t> places) {
    const auto& record = sightings_.records[id];
    const Walk walk(sightings_, lanes_, lane, places, record);
    const auto read = [&](std::uint32_t place) { return place == none ? none : lanes_.order[place]; };
    // `known` is when the reads of this lane must begin to show the record: its acknowledgement counts only where it
    // belongs, its first sighting in every lane.
    const bool is_own = is_home(lane, record) && record.acknowledged != never;
    const auto seen = walk.first_seen();
    const auto seen_at = seen == none ? never : walk.at(seen).completed;
    const auto known = std::min(is_own ? record.acknowledged : never, seen_at);
    const auto from = walk.after(known);
    const auto judge = walk.last_judge(from);
    if (is_own && judge != none)
      ++result.judged;
    else if (is_own && record.removing == never)
      result.never_read.push_back(id);
    Absence absence{.record = id, .collection = lane.collection, .seen = read(seen)};
    if (judge != none) {
      const auto missing = walk.first_missing(from);
      absence.missing = read(missing);
      if (missing != none && seen != none)
        absence.flickered = read(walk.first_missing(std::max(walk.after(seen_at), from)));
      // A later sighting counts, also that of a read which judges no absence.
      if (places.empty() || places.back() < judge)
        absence.last = read(judge);
    }
    // It is resurrected if its last sighting began after it was certainly gone: after an acknowledged removal, or after
    // a read that lacked it once its removal had begun, whichever ended first.
    if (record.removing != never && !record.is_readded && !places.empty()) {
      const auto gone = walk.first_gone(from);
      const auto gone_at = gone == none ? never : walk.at(gone).completed;
      if (walk.at(places.back()).invoked > std::min(record.removed, gone_at)) {
        absence.resurrected = read(places.back());
        absence.gone = record.removed == never ? read(gone) : none;
      }
    }
    if (absence.missing != none || absence.resurrected != none)
      result.absences.push_back(absence);
  }

  /// Where its acknowledgement counts.
  [[nodiscard]] bool is_home(const Lanes::Lane& lane, const Record& record) const {
    return lane.collection == record.owner && (lanes_.by == Lanes::By::collection || lane.session == record.session);
  }

  Durability result;

private:
  const Sightings& sightings_;
  const Lanes& lanes_;
};

} // namespace

Durability find_absences(const Sightings& sightings, const Lanes& lanes, const Holders& holders) {
  Judge judge(sightings, lanes);
  for (RecordId id = 0; id < sightings.records.size(); ++id) {
    const auto& record = sightings.records[id];
    auto places = holders.of(id);
    // The places of a record are in the order of the lanes: cut off those of one lane after the other.
    bool is_seen_at_home = false;
    while (!places.empty()) {
      const auto& lane = lanes.lanes[lanes.lane_of[places.front()]];
      const auto here = std::lower_bound(places.begin(), places.end(), lane.end) - places.begin();
      is_seen_at_home = is_seen_at_home || judge.is_home(lane, record);
      judge.judge(id, lane, places.first(here));
      places = places.subspan(here);
    }
    if (record.acknowledged == never || is_seen_at_home)
      continue;
    // No read of its own lane ever showed it. The reads that lack it are there all the same, and make it lost.
    if (const auto* home = lanes.find(record.owner, lanes.by == Lanes::By::collection ? 0 : record.session))
      judge.judge(id, *home, {});
    else if (record.removing == never)
      judge.result.never_read.push_back(id);
  }
  return std::move(judge.result);
}

} // namespace holdfast::consistency
