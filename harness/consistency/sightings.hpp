// Records and the reads that show them, as dense numbers: what the engines of durability, exactly-once and session
// guarantees judge. Whoever has a history with names in it numbers them first; these engines never see a name.
#pragma once

#include "harness/consistency/history.hpp"
#include "harness/consistency/large_pages.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace holdfast::consistency {

using RecordId = std::uint32_t; ///< a place in `Sightings::records`
using ReadId = std::uint32_t;   ///< a place in `Sightings::reads`
constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

/// One thing that clients meant to add, or that a read showed.
struct Record {
  Position submitted = never;    ///< the first invocation of what was to add it; `never`: nobody tried
  Position acknowledged = never; ///< the first acknowledgement
  Position removing = never;     ///< the first invocation of what may have removed it
  Position removed = never;      ///< acknowledged, after every attempt to add it had ended
  std::uint32_t owner = 0;       ///< the collection (a user's list, a key) that it belongs in
  std::uint32_t partner = none;  ///< a second one: the other side of a transfer
  std::uint32_t session = none;  ///< whose add it was
  std::uint8_t appearances = 1;  ///< how often one read of its collection may show it
  bool is_rejected = false;      ///< whoever tried to add it certainly failed
  bool is_readded = false;       ///< added again while or after it may have been removed

  [[nodiscard]] bool may_exist() const { return submitted != never && !is_rejected; }
};

/// What a read shows of a record.
struct Element {
  std::uint32_t record : 31;
  std::uint32_t altered : 1; ///< with another content than the one that was submitted
};

/// One completed read of one collection.
struct Read {
  Position invoked = 0;
  Position completed = 0;
  std::uint32_t collection = 0;
  std::uint32_t session = 0;
  std::uint32_t size = 0;
  std::size_t first = 0;      ///< of its elements
  bool judges_absence = true; ///< what it lacks is not there; false where somebody else judges that
  bool judges_repeats = true; ///< false of one that was put together from several moments
};

struct Sightings {
  LargeVector<Record> records;
  LargeVector<Read> reads; ///< by invocation
  LargeVector<Element> elements;

  [[nodiscard]] std::span<const Element> of(const Read& read) const {
    return std::span(elements).subspan(read.first, read.size);
  }
  static Element element(RecordId record, bool altered) { return {record & 0x7fffffffU, altered ? 1U : 0U}; }
  /// Appends a read; what it shows is appended after it.
  void begin_read(Read read) {
    read.first = elements.size();
    reads.push_back(read);
  }
  void show(RecordId record, bool altered = false) {
    elements.push_back(element(record, altered));
    ++reads.back().size;
  }
};

/// The reads in groups, by invocation within each.
struct Lanes {
  enum class By { collection, collection_and_session };
  Lanes(const Sightings& sightings, By grouping);

  struct Lane {
    std::uint32_t collection = 0;
    std::uint32_t session = 0; ///< 0 where lanes are of collections
    std::uint32_t begin = 0;   ///< places in `order`
    std::uint32_t end = 0;
  };
  By by;
  std::vector<ReadId> order;
  std::vector<Lane> lanes;            ///< by collection, then session
  std::vector<std::uint32_t> lane_of; ///< of each place

  /// Null when nobody of them read it.
  [[nodiscard]] const Lane* find(std::uint32_t collection, std::uint32_t session = 0) const;
};

/// For each record the places in a `Lanes` whose reads show it, ascending, each once: lane by lane, in time. Made by
/// counting, in time and memory linear in the number of elements.
class Holders {
public:
  Holders(const Sightings& sightings, const Lanes& lanes);
  [[nodiscard]] std::span<const std::uint32_t> of(RecordId record) const {
    return std::span(places_).subspan(begins_[record], begins_[record + 1] - begins_[record]);
  }

private:
  LargeVector<std::size_t> begins_;
  LargeVector<std::uint32_t> places_;
};

} // namespace holdfast::consistency
