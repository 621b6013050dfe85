#include "harness/checks/records.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using history::Outcome;

std::vector<Sighting> list_sightings(const Facts& facts, scenario::Role list, const std::string& user,
                                     std::uint64_t since) {
  std::vector<Sighting> sightings;
  for (const auto& checkpoint : facts.checkpoints) {
    if (checkpoint.began <= since)
      continue;
    const auto* read = facts.read(list, user, checkpoint.number);
    if (read == nullptr || read->completed == 0)
      continue;
    // A user who is refused logs in and reads again: still refused is out of reach.

    sightings.push_back({&checkpoint, read->outcome == Outcome::ok ? Presence::present : Presence::unreadable, read});
  }
  return sightings;
}

std::vector<Sighting> record_sightings(const Facts& facts, scenario::Role list, const std::string& user,
                                       const std::string& id, std::uint64_t since) {
  auto sightings = list_sightings(facts, list, user, since);
  for (auto& sighting : sightings) {
    if (sighting.presence != Presence::present)
      continue;
    const auto& entries = facts.list(*sighting.read, list);
    if (std::none_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.id == id; }))
      sighting.presence = Presence::absent;
  }
  return sightings;
}

std::size_t find_losses(verdict::CheckResult& result, const Facts& facts, scenario::Role list,
                        const std::vector<const Operation*>& acknowledged, const RecordWords& words) {
  std::set<std::string> users;
  for (const auto& operation : facts.bundle.history.operations)
    users.insert(operation.user);
  for (const auto& user : users) {
    const auto sightings = list_sightings(facts, list, user, 0);
    const auto loss = classify(sightings);
    for (const auto& sighting : sightings) {
      if (loss.kind.empty() || sighting.presence == Presence::present)
        continue;
      const auto& read = *sighting.read;
      result.add(loss.kind, {user,
                             read.completed,
                             read.complete_time,
                             fmt::format("the {} of {} was out of reach at the checkpoint after {}", words.list, user,
                                         sighting.checkpoint->after),
                             {&read}});
    }
  }
  std::size_t unread = 0;
  for (const auto* operation : acknowledged) {
    auto sightings = record_sightings(facts, list, operation->user, operation->id, operation->completed);
    if (sightings.empty() || sightings.back().checkpoint != &facts.checkpoints.back()) {
      ++unread; // what was seen once may be gone by the end
      if (sightings.empty())
        continue;
    }
    ++result.examined;
    // A list that was out of reach has been said above, for the user.
    const bool only_unread = std::none_of(sightings.begin(), sightings.end(),
                                          [](const Sighting& one) { return one.presence == Presence::absent; });
    if (only_unread)
      continue;
    std::erase_if(sightings, [](const Sighting& one) { return one.presence == Presence::unreadable; });
    const auto loss = classify(sightings);
    if (loss.kind.empty())
      continue;
    const auto& read = *loss.sighting->read;
    result.add(loss.kind, {operation->user,
                           read.completed,
                           read.complete_time,
                           fmt::format("the acknowledged {} {} is not in the {} at the checkpoint after {}",
                                       words.record, operation->id, words.list, loss.sighting->checkpoint->after),
                           {operation, &read}});
  }
  return unread;
}

void find_intruders(verdict::CheckResult& result, const Facts& facts, scenario::Role list,
                    const std::unordered_map<std::string, const Operation*>& submitted, const RecordWords& words) {
  std::set<std::pair<std::string, std::string>> said; ///< one case a record and user, not one a read
  for (const auto* read : facts.of(list)) {
    if (read->outcome != Outcome::ok)
      continue;
    std::map<std::string, int> counts;
    for (const auto& entry : facts.list(*read, list))
      ++counts[entry.id];
    for (const auto& [id, count] : counts) {
      const auto say = [&](const std::string& kind, const std::string& what, const Operation* origin) {
        if (!said.emplace(kind + id, read->user).second)
          return;
        std::vector<const Operation*> evidence;
        if (origin != nullptr)
          evidence.push_back(origin);
        evidence.push_back(read);
        result.add(kind, {read->user, read->completed, read->complete_time, what, evidence});
      };
      const auto found = submitted.find(id);
      if (found == submitted.end() || found->second->invoked > read->completed) {
        say("phantom", fmt::format("the {} holds {}, which nobody submitted", words.list, id), nullptr);
        continue;
      }
      const auto& origin = *found->second;
      const bool to_oneself = origin.value("peer") == origin.user && facts.role_of(origin) == scenario::Role::transfer;
      if (count > (to_oneself ? 2 : 1) && !facts.may_be_torn(*read))
        say("duplicated", fmt::format("the {} {} is {} times in the {}", words.record, id, count, words.list), &origin);
      if (origin.outcome == Outcome::fail && origin.completed != 0)
        say("phantom", fmt::format("the {} holds {}, which certainly failed", words.list, id), &origin);
      if (origin.user != read->user &&
          !(facts.role_of(origin) == scenario::Role::transfer && origin.value("peer") == read->user))
        say("crossed",
            fmt::format("the {} of {} holds {}, which {} submitted", words.list, read->user, id, origin.user), &origin);
    }
  }
}

} // namespace holdfast::checks
