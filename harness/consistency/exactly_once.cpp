#include "harness/consistency/exactly_once.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

namespace holdfast::consistency {

std::vector<Intruder> find_intruders(const Sightings& sightings) {
  std::vector<Intruder> found;
  std::set<std::tuple<Intrusion, RecordId, std::uint32_t>> said; // of cases: few, or everything is lost anyway
  LargeVector<ReadId> shown(sightings.records.size(), none);     // the last read that showed it
  LargeVector<std::uint32_t> counts(sightings.records.size());   // how often that read did
  for (ReadId id = 0; id < sightings.reads.size(); ++id) {
    const auto& read = sightings.reads[id];
    const auto say = [&](Intrusion kind, RecordId record) {
      if (said.emplace(kind, record, read.collection).second)
        found.push_back({kind, record, id, counts[record]});
    };
    const auto elements = sightings.of(read);
    for (const auto element : elements) {
      const RecordId number = element.record;
      const auto& record = sightings.records[number];
      const bool is_first = shown[number] != id;
      shown[number] = id;
      counts[number] = is_first ? 1 : counts[number] + 1;
      const bool is_begun = record.submitted < read.completed;
      if (!is_begun || record.is_rejected)
        say(Intrusion::phantom, number);
      if (element.altered != 0)
        say(Intrusion::altered, number);
      // Where a record belongs, and how often, is not known of one that nobody submitted.
      if (is_begun && read.collection != record.owner && read.collection != record.partner)
        say(Intrusion::crossed, number);
      // Said once, at the first appearance too many; how many there are altogether is counted only then.
      if (is_begun && counts[number] == record.appearances + 1U && read.judges_repeats) {
        const auto cases = found.size();
        say(Intrusion::duplicated, number);
        if (found.size() > cases)
          found.back().count = static_cast<std::uint32_t>(std::count_if(
              elements.begin(), elements.end(), [&](const Element& other) { return other.record == number; }));
      }
    }
  }
  return found;
}

std::vector<Inversion> find_inversions(const Sightings& sightings, ListOrder order) {
  std::vector<Inversion> found;
  std::unordered_set<std::uint32_t> said;
  for (ReadId id = 0; id < sightings.reads.size(); ++id) {
    const auto& read = sightings.reads[id];
    const auto elements = sightings.of(read);
    RecordId earliest = none; // acknowledged first among those that are listed as younger
    // From the young end of the list to the old one, whichever way it is listed.
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const RecordId number =
          order == ListOrder::newest_first ? elements[i].record : elements[elements.size() - 1 - i].record;
      const auto& record = sightings.records[number];
      if (record.submitted == never)
        continue;
      if (earliest != none && sightings.records[earliest].acknowledged < record.submitted) {
        if (said.insert(read.collection).second)
          found.push_back({earliest, number, id});
        break;
      }
      if (record.acknowledged != never &&
          (earliest == none || record.acknowledged < sightings.records[earliest].acknowledged))
        earliest = number;
    }
  }
  return found;
}

} // namespace holdfast::consistency
