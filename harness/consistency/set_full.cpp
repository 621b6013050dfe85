// `set-full`: elements are added and removed, and all are read throughout.
//
// At the level `linearizable`, its own, every read must show what was acknowledged or seen before it began: an element
// is `lost` when the last reads lack it, `flickering` when it was seen and then not, though later again, `stale` when
// reads lacked it until it was seen for the first time, `resurrected` when it is seen after it was removed. At
// `eventual`, stale and flickering elements are no violation: what Jepsen's set-full asks unless told otherwise. At a
// session guarantee only what breaks that guarantee, and what is wrong at every level: lost, duplicated, phantom.
// Duplicates are reported always; Jepsen's checker keeps those with a count below one and so never has any.
#include "harness/consistency/models.hpp"
#include "harness/consistency/session_guarantees.hpp"
#include "harness/consistency/set_history.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

constexpr std::string_view linearizable = "linearizable";
constexpr std::array guarantees{Guarantee::read_your_writes, Guarantee::monotonic_reads, Guarantee::monotonic_writes,
                                Guarantee::writes_follow_reads};

/// Visible late, for a while not, or again after a removal.
void add_instability(Result& result, const History& history, const SetHistory& set, const Durability& durability) {
  const auto& sightings = set.sightings;
  for (const auto& absence : durability.absences) {
    if (!sightings.records[absence.record].may_exist())
      continue; // that it is there at all has been said
    const auto name = describe(history, set, absence.record);
    const auto add = set.adds[absence.record];
    if (absence.last != none)
      continue;
    if (absence.flickered != none)
      result.add("flickering", {fmt::format("{} was read, then not, and later again", name),
                                {set.reads[absence.seen], set.reads[absence.flickered]},
                                {}});
    else if (absence.missing != none)
      result.add("stale", {fmt::format("{} was not read after its add was acknowledged, and only later", name),
                           {add, set.reads[absence.missing]},
                           {}});
  }
}

void add_breaches(Result& result, const History& history, const SetHistory& set, Guarantee guarantee, Budget& budget) {
  const Lanes lanes(set.sightings, Lanes::By::collection_and_session);
  const Holders holders(set.sightings, lanes);
  for (const auto& breach : find_breaches(set.sightings, lanes, holders, guarantee, budget)) {
    std::vector<OperationId> operations{set.adds[breach.record]};
    auto what = describe(history, set, breach.record);
    if (breach.seen != none) {
      operations = {set.reads[breach.seen]};
      what += " was read by a session";
    } else {
      what += " was acknowledged to a session";
    }
    if (breach.later != none) {
      operations.push_back(set.adds[breach.later]);
      what +=
          fmt::format(" that then added {}, and a read shows only the latter", describe(history, set, breach.later));
    } else {
      what += ", and a later read of that session lacks it";
    }
    operations.push_back(set.reads[breach.read]);
    result.add(std::string(to_string(guarantee)), {std::move(what), std::move(operations), {}});
  }
}

Result check(History& history, const Question& question, Budget& budget) {
  Result result;
  const auto set = read_set(history, SetReads::all);
  result.reason = set.wrong;
  if (!set.wrong.empty())
    return result;
  const std::string_view level = question.consistency.empty() ? linearizable : std::string_view(question.consistency);
  add_intruders(result, history, set);
  const Lanes lanes(set.sightings, Lanes::By::collection);
  const auto durability = find_absences(set.sightings, lanes, Holders(set.sightings, lanes));
  add_losses(result, history, set, durability);
  if (level == linearizable)
    add_instability(result, history, set, durability);
  for (const auto guarantee : guarantees)
    if (level == to_string(guarantee))
      add_breaches(result, history, set, guarantee, budget);
  if (!result.findings.empty())
    result.ruled_out = level == linearizable || level == "eventual"
                           ? std::vector<std::string>{std::string(linearizable)}
                           : std::vector<std::string>{std::string(level), std::string(linearizable)};
  finish(result, history, set, durability, budget);
  return result;
}

} // namespace

Model set_full_model() {
  std::vector<std::string> levels{std::string(linearizable)};
  for (const auto guarantee : guarantees)
    levels.emplace_back(to_string(guarantee));
  levels.emplace_back("eventual");
  return {.name = "set-full",
          .about = "add, remove and read all throughout: lost, stale, flickering, duplicated, phantom, resurrected",
          .levels = std::move(levels),
          .declarations = {},
          .check = check};
}

} // namespace holdfast::consistency
