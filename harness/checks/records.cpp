// Judges the records in per-user lists by where they are at the checkpoints. A list that could not be read is a finding
// about its user, told once, and not one about each record in it. What reads between checkpoints lack is not judged
// here, except by when a record that may show late was due.
#include "harness/checks/records.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using consistency::Intrusion;
using consistency::ReadId;
using consistency::RecordId;
using history::Outcome;

namespace {

/// Where lists, and records in them, stood at every checkpoint after a position.
class Standing {
public:
  Standing(const Ledger& ledger, const consistency::Lanes& lanes, const CheckpointReads& reads)
      : facts_(ledger.facts), checkpoints_(ledger.facts.checkpoints), reads_(reads), places_(ledger.reads.size()) {
    for (std::uint32_t place = 0; place < lanes.order.size(); ++place)
      places_[lanes.order[place]] = place;
  }

  /// Fills `found` with one sighting for each checkpoint that began after `since`. Without `places` it is about the
  /// user's list, which is present when it could be read. With `places`, those of the reads that show a record, it is
  /// about that record, which is absent when the list was read without it. Reads that were never served, or may have
  /// failed because of the machine, are no sightings.
  void find(std::vector<Sighting>& found, std::uint32_t user, std::uint64_t since,
            std::optional<std::span<const std::uint32_t>> places) const {
    found.clear();
    for (std::size_t i = 0; i < checkpoints_.size(); ++i) {
      const auto& read = reads_.at(i, user);
      if (checkpoints_[i].began <= since || read.operation == nullptr || facts_.is_unserved(*read.operation))
        continue;
      if (facts_.is_doubtful(*read.operation))
        continue; // `doubtful` counts it
      // A user who is refused logs in and reads again: still refused is out of reach.
      const auto presence = read.operation->outcome != Outcome::ok ? Presence::unreadable
                            : places && !std::binary_search(places->begin(), places->end(), places_[read.id])
                                ? Presence::absent
                                : Presence::present;
      found.push_back({&checkpoints_[i], presence, read.operation});
    }
  }

  /// Reads of users' lists that failed, perhaps because of the machine.
  [[nodiscard]] std::size_t doubtful() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < checkpoints_.size(); ++i)
      for (std::uint32_t user = 0; user < facts_.users.size(); ++user)
        if (const auto& read = reads_.at(i, user); read.operation != nullptr && facts_.is_doubtful(*read.operation))
          ++count;
    return count;
  }

private:
  const Facts& facts_;
  const std::vector<Checkpoint>& checkpoints_;
  const CheckpointReads& reads_;
  std::vector<std::uint32_t> places_; ///< in the lanes, of each read
};

void find_unreachable_lists(verdict::CheckResult& result, const Ledger& ledger, const Standing& standing,
                            const RecordWords& words) {
  std::vector<std::uint32_t> users(ledger.facts.users.size());
  for (std::uint32_t user = 0; user < users.size(); ++user)
    users[user] = user;
  // By name, since the order of the numbers is that of the first operations, which differs from run to run.
  std::sort(users.begin(), users.end(),
            [&](std::uint32_t a, std::uint32_t b) { return ledger.facts.users[a] < ledger.facts.users[b]; });
  std::vector<Sighting> sightings;
  for (const auto user : users) {
    standing.find(sightings, user, 0, std::nullopt);
    const auto loss = classify(sightings);
    std::uint64_t good = 1; // no checkpoint comes before the first step: any step may have done it
    for (const auto& sighting : sightings) {
      const auto& read = *sighting.read;
      if (sighting.presence == Presence::present)
        good = read.completed;
      else if (!loss.kind.empty())
        result.add(loss.kind, {read.user,
                               read.completed,
                               read.complete_time,
                               fmt::format("the {} of {} was out of reach at {}", words.list, read.user,
                                           sighting.checkpoint->describe()),
                               {&read},
                               good});
    }
  }
}

/// One acknowledged record that may show late, in its owner's list. A list may lack it until it is due or until a read
/// has shown it, whichever comes first; from then on it must stay.
class LateRecord {
public:
  /// `places` are those of all reads that show it.
  LateRecord(const Ledger& ledger, const consistency::Lanes& lanes, const Operation& origin, std::uint32_t owner,
             std::span<const std::uint32_t> places, history::Time within)
      : ledger_(ledger), lanes_(lanes), origin_(origin), lane_(lanes.find(owner)), places_(places), within_(within) {
    if (lane_ == nullptr)
      return;
    const auto first = std::lower_bound(places.begin(), places.end(), lane_->begin);
    if (first != places.end() && *first < lane_->end)
      shown_ = ledger.reads[lanes.order[*first]]->completed;
  }

  [[nodiscard]] bool is_shown() const { return shown_ != UINT64_MAX; }
  /// It was due when this read began, or had been shown before.
  [[nodiscard]] bool must_show(const Operation& read) const { return read.invoked > shown_ || is_due(read); }
  /// The first read of the list that began when it was due, and does not show it, before any did. Null: there is none.
  [[nodiscard]] const Operation* overdue() const {
    for (auto place = lane_ == nullptr ? 0 : lane_->begin; lane_ != nullptr && place < lane_->end; ++place) {
      const auto* read = ledger_.reads[lanes_.order[place]];
      if (read->invoked > shown_)
        return nullptr;
      // A list in several pages that was read while others wrote may have missed the record between two pages, and a
      // record that it misses so is not late.
      const bool is_whole = read->checkpoint != 0 || !ledger_.facts.may_be_torn(*read);
      if (read->invoked > origin_.completed && is_whole && is_due(*read) &&
          !std::binary_search(places_.begin(), places_.end(), place))
        return read;
    }
    return nullptr;
  }
  /// Where it was absent, it had not been shown before.
  [[nodiscard]] bool is_only_late(const std::vector<Sighting>& sightings) const {
    return std::none_of(sightings.begin(), sightings.end(), [&](const Sighting& one) {
      return one.presence == Presence::absent && one.read->invoked > shown_;
    });
  }

private:
  [[nodiscard]] bool is_due(const Operation& read) const {
    return read.invoke_time >= ledger_.facts.due(origin_.complete_time, read.invoked, within_);
  }

  const Ledger& ledger_;
  const consistency::Lanes& lanes_;
  const Operation& origin_;
  const consistency::Lanes::Lane* lane_;
  std::span<const std::uint32_t> places_;
  history::Time within_;
  std::uint64_t shown_ = UINT64_MAX; ///< the first read that showed it had ended
};

} // namespace

Losses find_losses(verdict::CheckResult& result, const Ledger& ledger, const consistency::Lanes& lanes,
                   const consistency::Holders& holders, const CheckpointReads& reads, scenario::Role role,
                   const RecordWords& words, history::Time visible_within) {
  const Standing standing(ledger, lanes, reads);
  find_unreachable_lists(result, ledger, standing, words);
  Losses losses{.doubtful = standing.doubtful()};
  std::vector<Sighting> sightings;
  for (RecordId id = 0; id < ledger.origins.size(); ++id) {
    const auto& record = ledger.sightings.records[id];
    if (record.acknowledged == consistency::never || ledger.roles[id] != role)
      continue;
    const auto* operation = ledger.origins[id];
    standing.find(sightings, record.owner, operation->completed, holders.of(id));
    if (sightings.empty() || sightings.back().checkpoint != &ledger.facts.checkpoints.back()) {
      ++losses.unread; // what was seen once may be gone by the end
      if (sightings.empty())
        continue;
    }
    ++result.examined;
    std::optional<LateRecord> late;
    if (visible_within > history::Time{})
      late.emplace(ledger, lanes, *operation, record.owner, holders.of(id), visible_within);
    // A record that no read ever showed is lost, not late: only one that did show can be stale.
    const auto* overdue = late && late->is_shown() ? late->overdue() : nullptr;
    if (overdue != nullptr)
      result.add("stale",
                 {operation->user,
                  overdue->completed,
                  overdue->complete_time,
                  fmt::format("the acknowledged {} {} was not in the {} within {}, and only later", words.record,
                              operation->id, words.list, scenario::format_duration(visible_within)),
                  {operation, overdue},
                  operation->completed});
    // A list that was out of reach has been said above, for the user.
    const bool only_unread = std::none_of(sightings.begin(), sightings.end(),
                                          [](const Sighting& one) { return one.presence == Presence::absent; });
    if (only_unread)
      continue;
    // A list that could not be read says nothing of this record: only looks that saw the list decide whether it is
    // lost.
    std::erase_if(sightings, [](const Sighting& one) { return one.presence == Presence::unreadable; });
    const auto add = [&](const std::string& kind, const Sighting& at, const Sighting* good, std::string what) {
      const auto& read = *at.read;
      result.add(kind, {operation->user,
                        read.completed,
                        read.complete_time,
                        std::move(what),
                        {operation, &read},
                        good != nullptr ? good->read->completed : operation->completed});
    };
    if (late) {
      std::erase_if(sightings, [&](const Sighting& one) {
        return one.presence == Presence::absent && !late->must_show(*one.read);
      });
      if (sightings.empty()) {
        ++losses.unread; // the run ended before it had to show
        continue;
      }
      if (overdue != nullptr && late->is_only_late(sightings))
        continue; // told as stale above, which explains why it was absent
    }
    const auto loss = classify(sightings);
    if (!loss.kind.empty())
      add(loss.kind, *loss.sighting, loss.good,
          fmt::format("the acknowledged {} {} is not in the {} at {}", words.record, operation->id, words.list,
                      loss.sighting->checkpoint->describe()));
  }
  return losses;
}

std::uint64_t known_good(const Ledger& ledger, const consistency::Lanes& lanes, ReadId read, const Operation* origin) {
  const auto& at = *ledger.reads[read];
  std::uint64_t good = origin != nullptr && origin->invoked < at.completed ? origin->invoked : 0;
  const auto* lane = lanes.find(ledger.facts.user(at));
  if (lane == nullptr)
    return good;
  // A lane is in the order of invocations, and a user reads one list after the other: the last before it is near.
  const auto begin = lanes.order.begin() + lane->begin;
  auto place = std::lower_bound(begin, lanes.order.begin() + lane->end, at.invoked,
                                [&](ReadId id, std::uint64_t invoked) { return ledger.reads[id]->invoked < invoked; });
  while (place != begin)
    if (const auto* before = ledger.reads[*--place]; before->completed < at.invoked)
      return std::max(good, before->completed);
  return good;
}

std::vector<consistency::Intruder> find_intruders(verdict::CheckResult& result, const Ledger& ledger,
                                                  const consistency::Lanes& lanes, const RecordWords& words) {
  auto intruders = consistency::find_intruders(ledger.sightings);
  for (const auto& one : intruders) {
    const auto* read = ledger.reads[one.read];
    const auto* origin = ledger.origin(one.record);
    const auto id = ledger.id(one.record);
    // An operation that began only after the read had ended cannot be what the read shows. Then nobody had submitted
    // the record, and the operation is no evidence.
    const bool is_submitted = origin != nullptr && origin->invoked <= read->completed;
    const auto say = [&](const std::string& kind, std::string what) {
      std::vector<const Operation*> evidence;
      if (is_submitted)
        evidence.push_back(origin);
      evidence.push_back(read);
      result.add(kind, {read->user, read->completed, read->complete_time, std::move(what), std::move(evidence),
                        known_good(ledger, lanes, one.read, origin)});
    };
    if (one.kind == Intrusion::phantom)
      say("phantom", fmt::format("the {} holds {}, which {}", words.list, id,
                                 is_submitted ? "certainly failed" : "nobody submitted"));
    else if (one.kind == Intrusion::duplicated)
      say("duplicated",
          fmt::format("the {} {} is {} times in the {}",
                      is_submitted ? to_string(ledger.roles[one.record]) : words.record, id, one.count, words.list));
    else if (one.kind == Intrusion::crossed)
      say("crossed",
          fmt::format("the {} of {} holds {}, which {} submitted", words.list, read->user, id, origin->user));
  }
  // What an alteration looks like differs between the checks, so they tell of it themselves.
  std::erase_if(intruders, [](const consistency::Intruder& one) { return one.kind != Intrusion::altered; });
  return intruders;
}

} // namespace holdfast::checks
