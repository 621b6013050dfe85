#include "harness/consistency/sightings.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace holdfast::consistency {

namespace {

/// Calls `seen(record, place)` for each record that the read at a place shows, once however often it shows it.
template <typename Seen>
void each_sighting(const Sightings& sightings, const Lanes& lanes, const Seen& seen) {
  LargeVector<std::uint32_t> last(sightings.records.size(), none);
  for (std::uint32_t place = 0; place < lanes.order.size(); ++place)
    for (const auto element : sightings.of(sightings.reads[lanes.order[place]]))
      if (last[element.record] != place) {
        last[element.record] = place;
        seen(element.record, place);
      }
}

} // namespace

Lanes::Lanes(const Sightings& sightings, By grouping)
    : by(grouping), order(sightings.reads.size()), lane_of(sightings.reads.size()) {
  const auto key = [&](ReadId id) {
    const auto& read = sightings.reads[id];
    return std::pair(read.collection, by == By::collection ? 0 : read.session);
  };
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](ReadId a, ReadId b) {
    return std::tuple(key(a), sightings.reads[a].invoked, a) < std::tuple(key(b), sightings.reads[b].invoked, b);
  });
  for (std::uint32_t place = 0; place < order.size(); ++place) {
    const auto [collection, session] = key(order[place]);
    if (lanes.empty() || std::pair(lanes.back().collection, lanes.back().session) != std::pair(collection, session))
      lanes.push_back({collection, session, place, place});
    lanes.back().end = place + 1;
    lane_of[place] = static_cast<std::uint32_t>(lanes.size() - 1);
  }
}

const Lanes::Lane* Lanes::find(std::uint32_t collection, std::uint32_t session) const {
  const auto before = [](const Lane& lane, const std::pair<std::uint32_t, std::uint32_t>& key) {
    return std::pair(lane.collection, lane.session) < key;
  };
  const auto found = std::lower_bound(lanes.begin(), lanes.end(), std::pair(collection, session), before);
  return found == lanes.end() || found->collection != collection || found->session != session ? nullptr : &*found;
}

Holders::Holders(const Sightings& sightings, const Lanes& lanes) : begins_(sightings.records.size() + 2) {
  each_sighting(sightings, lanes, [&](RecordId record, std::uint32_t) { ++begins_[record + 2]; });
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  places_.resize(begins_.back());
  // A counting sort. `begins_[record + 1]` is where the record's next place goes, and moves on with each; in the end it
  // is where the next record's places begin, which is what `of` reads.
  each_sighting(sightings, lanes,
                [&](RecordId record, std::uint32_t place) { places_[begins_[record + 1]++] = place; });
}

} // namespace holdfast::consistency
