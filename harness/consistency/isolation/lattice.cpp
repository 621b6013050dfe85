#include "harness/consistency/isolation/lattice.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <span>

namespace holdfast::consistency::isolation {

namespace {

using Names = std::vector<std::string_view>;

struct Level {
  std::string_view name;
  Names contains; ///< models that every history of this one satisfies too
  Names forbids;  ///< anomalies, beside those of the models that it contains and those that are worse
  Names aliases;
};

/// Weakest first: whatever one contains stands before it.
const std::vector<Level>& levels() {
  static const std::vector<Level> all = {
      // Sessions, not transactions. What nobody wrote, or one append twice, is in no copy of the data.
      {"read-your-writes", {}, {"read-your-writes", "garbage-read", "duplicate-elements"}, {"RYW"}},
      {"monotonic-reads", {}, {"monotonic-reads", "garbage-read", "duplicate-elements"}, {"MR"}},
      {"monotonic-writes", {}, {"monotonic-writes", "garbage-read", "duplicate-elements"}, {"MW"}},
      {"writes-follow-reads", {}, {"writes-follow-reads", "garbage-read", "duplicate-elements"}, {"WFR"}},
      {"PRAM", {"read-your-writes", "monotonic-reads", "monotonic-writes"}, {"PRAM"}, {}},
      // Whoever reads what nobody wrote, or sees one append twice, has no history of versions at all.
      {"read-uncommitted", {}, {"G0", "garbage-read", "duplicate-elements"}, {"PL-1"}},
      {"strong-session-read-uncommitted", {"read-uncommitted"}, {"G0-process"}, {"strong-session-PL-1"}},
      {"strong-read-uncommitted", {"strong-session-read-uncommitted"}, {"G0-realtime"}, {"strong-PL-1"}},
      {"read-committed", {"read-uncommitted"}, {"G1"}, {"PL-2"}},
      {"strong-session-read-committed",
       {"read-committed", "strong-session-read-uncommitted"},
       {"G1c-process"},
       {"strong-session-PL-2"}},
      {"strong-read-committed",
       {"strong-session-read-committed", "strong-read-uncommitted"},
       {"G1c-realtime"},
       {"strong-PL-2"}},
      {"monotonic-atomic-view", {"read-committed"}, {}, {"MAV"}},
      {"monotonic-view", {"read-committed"}, {}, {"PL-2L"}},
      {"monotonic-snapshot-read", {"read-committed"}, {}, {"PL-MSR"}},
      {"cursor-stability", {"read-committed"}, {"lost-update"}, {"PL-CS"}},
      {"read-atomic", {"monotonic-atomic-view"}, {"internal", "future-read"}, {}},
      {"update-atomic", {"read-atomic"}, {"lost-update"}, {}},
      {"causal-cerone", {"read-atomic"}, {}, {"causal"}},
      {"prefix", {"causal-cerone"}, {"long-fork"}, {"prefix-consistency"}},
      // Its graphs have no cycle with one anti-dependency (Cerone & Gotsman 2016, section 5).
      {"parallel-snapshot-isolation", {"causal-cerone", "update-atomic"}, {"G-single"}, {"PSI"}},
      {"consistent-view", {"cursor-stability", "monotonic-view"}, {"G-single"}, {"PL-2+"}},
      {"forward-consistent-view", {"consistent-view"}, {}, {"PL-FCV"}},
      {"repeatable-read", {"cursor-stability", "monotonic-atomic-view"}, {"G2-item", "lost-update"}, {"PL-2.99"}},
      {"snapshot-isolation",
       {"forward-consistent-view", "monotonic-snapshot-read", "parallel-snapshot-isolation", "prefix"},
       {"G-nonadjacent", "internal"},
       {"PL-SI", "SI"}},
      {"strong-session-snapshot-isolation",
       {"snapshot-isolation", "strong-session-read-committed"},
       {"G-nonadjacent-process"},
       {"strong-session-PL-SI"}},
      {"strong-snapshot-isolation",
       {"strong-session-snapshot-isolation", "strong-read-committed"},
       {"G-nonadjacent-realtime"},
       {"strong-PL-SI"}},
      {"serializable",
       {"repeatable-read", "snapshot-isolation"},
       {"G2-item", "internal"},
       {"PL-3", "conflict-serializable"}},
      {"strong-session-serializable",
       {"serializable", "strong-session-snapshot-isolation"},
       {"G2-item-process"},
       {"strong-session-PL-3"}},
      {"strict-serializable",
       {"strong-session-serializable", "strong-snapshot-isolation"},
       {"G2-item-realtime"},
       {"strong-serializable", "PL-SS", "strong-PL-3"}},
  };
  return all;
}

/// What each anomaly is a case of. Those with an edge of process or real time are cases of the weaker claim's variant:
/// whoever has G0 has G0-process, for an empty order would do.
const std::map<std::string_view, Names>& cases() {
  static const std::map<std::string_view, Names> all = {
      {"G0", {"G1c", "G0-process"}},
      {"G0-process", {"G1c-process", "G0-realtime"}},
      {"G0-realtime", {"G1c-realtime"}},
      {"G1a", {"G1"}},
      {"G1b", {"G1"}},
      {"G1c", {"G1", "G1c-process"}},
      {"G1c-process", {"G1c-realtime"}},
      {"G-single", {"G-nonadjacent", "G-single-process"}},
      {"G-single-process", {"G-nonadjacent-process", "G-single-realtime"}},
      {"G-single-realtime", {"G-nonadjacent-realtime"}},
      {"G-nonadjacent", {"G2-item", "G-nonadjacent-process"}},
      {"G-nonadjacent-process", {"G2-item-process", "G-nonadjacent-realtime"}},
      {"G-nonadjacent-realtime", {"G2-item-realtime"}},
      {"G2-item", {"G2-item-process"}},
      {"G2-item-process", {"G2-item-realtime"}},
      // Two orders of one key cannot both be committed; an update on top of an aborted one has read it.
      {"incompatible-order", {"G1a"}},
      {"dirty-update", {"G1a"}},
      // It observed what it had not yet done: information flows in a circle of one.
      {"future-read", {"G1c"}},
      {"lost-update", {"G2-item"}},
      {"long-fork", {"G-nonadjacent"}},
      // Who reads less than a session had met precedes (rw, ww) what that session met, by wr where it read it; from
      // there the session's order leads to the reader, or to a write that the reader saw.
      {"read-your-writes", {"G-single-process"}},
      {"monotonic-reads", {"G-single-process"}},
      {"monotonic-writes", {"G-single-process"}},
      {"writes-follow-reads", {"G-single-process"}},
      {"PRAM", {"G-single-process"}}, // whatever the order of versions, one of the three is broken
      // Each version was written by who had read the one before.
      {"cyclic-versions", {"G1c"}},
  };
  return all;
}

/// The gravest first.
constexpr std::array ranked = std::to_array<std::string_view>({
    "garbage-read",
    "duplicate-appends",
    "duplicate-writes",
    "duplicate-elements",
    "incompatible-order",
    "cyclic-versions",
    "G0",
    "G1a",
    "dirty-update",
    "G1b",
    "G1c",
    "internal",
    "future-read",
    "lost-update",
    "long-fork",
    "G-single",
    "G-nonadjacent",
    "G2-item",
    "G0-process",
    "G1c-process",
    "G-single-process",
    "G-nonadjacent-process",
    "G2-item-process",
    "G0-realtime",
    "G1c-realtime",
    "G-single-realtime",
    "G-nonadjacent-realtime",
    "G2-item-realtime",
    "read-your-writes",
    "monotonic-reads",
    "monotonic-writes",
    "writes-follow-reads",
    "PRAM",
});

/// By its canonical name; null when there is none of that name.
const Level* find_level(std::string_view name) {
  const auto found =
      std::find_if(levels().begin(), levels().end(), [&](const Level& level) { return level.name == name; });
  return found == levels().end() ? nullptr : &*found;
}

/// The anomaly and all that it is a case of, directly or not.
std::set<std::string_view> implied(std::string_view anomaly) {
  std::set<std::string_view> all{anomaly};
  std::vector<std::string_view> open{anomaly};
  while (!open.empty()) {
    const auto found = cases().find(open.back());
    open.pop_back();
    if (found != cases().end())
      for (const auto next : found->second)
        if (all.insert(next).second)
          open.push_back(next);
  }
  return all;
}

bool forbids_itself(const Level& level, const std::set<std::string_view>& anomalies) {
  return std::any_of(level.forbids.begin(), level.forbids.end(),
                     [&](std::string_view one) { return anomalies.contains(one); });
}

/// A level forbids what it names and what the levels that it contains forbid.
bool forbids(const Level& level, const std::set<std::string_view>& anomalies) {
  return forbids_itself(level, anomalies) ||
         std::any_of(level.contains.begin(), level.contains.end(),
                     [&](std::string_view weaker) { return forbids(*find_level(weaker), anomalies); });
}

} // namespace

std::vector<std::string> level_names(Promises promises) {
  std::vector<std::string> names;
  const auto is_asked = [&](const Level& level) {
    return promises == Promises::to_sessions_too || guarantees_of(level.name).empty();
  };
  for (const auto& level : levels())
    if (is_asked(level))
      names.emplace_back(level.name);
  for (const auto& level : levels())
    if (is_asked(level))
      names.insert(names.end(), level.aliases.begin(), level.aliases.end());
  return names;
}

std::vector<std::string> level_names(std::string_view own, Promises promises) {
  auto names = level_names(promises);
  std::stable_partition(names.begin(), names.end(), [&](const std::string& name) { return name == own; });
  return names;
}

std::vector<std::string_view> guarantees_of(std::string_view level) {
  std::vector<std::string_view> all{"read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"};
  const auto* found = find_level(level);
  std::erase_if(all, [&](std::string_view one) {
    return found == nullptr || (found->name != one && std::find(found->contains.begin(), found->contains.end(), one) ==
                                                          found->contains.end());
  });
  return all;
}

std::string canonical_level(std::string_view name) {
  const auto same = [&](std::string_view other) {
    return std::equal(name.begin(), name.end(), other.begin(), other.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  for (const auto& level : levels())
    if (same(level.name) || std::any_of(level.aliases.begin(), level.aliases.end(), same))
      return std::string(level.name);
  return {};
}

bool rules_out(std::string_view anomaly, std::string_view level) {
  const auto* found = find_level(level);
  return found != nullptr && forbids(*found, implied(anomaly));
}

std::vector<std::string> ruled_out_by(const std::vector<std::string>& anomalies) {
  std::set<std::string_view> all;
  for (const auto& anomaly : anomalies)
    all.merge(implied(anomaly));
  std::set<std::string_view> ruled_out; // what a level contains stands before it
  std::vector<std::string> names;
  for (const auto& level : levels())
    if (forbids_itself(level, all) || std::any_of(level.contains.begin(), level.contains.end(),
                                                  [&](auto weaker) { return ruled_out.contains(weaker); })) {
      ruled_out.insert(level.name);
      names.emplace_back(level.name);
    }
  return names;
}

std::span<const std::string_view> anomalies() {
  return ranked;
}

std::size_t rank(std::string_view anomaly) {
  return static_cast<std::size_t>(std::find(ranked.begin(), ranked.end(), anomaly) - ranked.begin());
}

} // namespace holdfast::consistency::isolation
