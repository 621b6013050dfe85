// Sessions: a token that a login gave out stays this user's until it is logged out, has expired, or is replaced.
//
// lost, unreachable, destroyed: a live session refused or out of reach at a checkpoint. zombie: accepted after a
// completed logout or its expiry. crossed: another user's identity. A logout of unknown outcome makes a session neither
// live nor dead.
#include "harness/checks/check.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using history::Outcome;
using scenario::Role;

namespace {

struct Life {
  const Operation* login = nullptr;
  const Operation* dead = nullptr; ///< the completed logout
  bool unsure = false;             ///< a logout of unknown outcome, or a newer login where there is one session a user
  std::uint64_t unsure_from = UINT64_MAX;
  history::Time last_used{}; ///< a completed use extends a sliding lifetime
  std::vector<Sighting> sightings;
};

} // namespace

verdict::CheckResult check_sessions(const Facts& facts) {
  verdict::CheckResult result{.name = "sessions"};
  const auto& stack = facts.bundle.scenario.stack;
  const auto& declare = stack.declare;
  if (stack.operation(Role::login) == nullptr || stack.reader(Role::whoami) == nullptr) {
    result.applicable = false;
    result.reason = "the stack has no operations with the roles login and whoami";
    return result;
  }
  std::map<std::string, Life> lives;
  std::map<std::string, std::string> newest; ///< of each user, where there is one session a user
  for (const auto& operation : facts.bundle.history.operations) {
    const auto role = facts.role_of(operation);
    if (role == Role::login && operation.outcome == Outcome::ok) {
      auto& life = lives[operation.id];
      life.login = &operation;
      life.last_used = operation.invoke_time;
      if (declare.one_session_per_user) {
        if (const auto before = newest.find(operation.user); before != newest.end()) {
          lives[before->second].unsure = true;
          lives[before->second].unsure_from = operation.invoked;
        }
        newest[operation.user] = operation.id;
      }
    }
    // A login of unknown outcome may have replaced the session before it.
    if (role == Role::login && operation.outcome == Outcome::info && declare.one_session_per_user)
      if (const auto before = newest.find(operation.user); before != newest.end()) {
        lives[before->second].unsure = true;
        lives[before->second].unsure_from = std::min(lives[before->second].unsure_from, operation.invoked);
      }
    if (role == Role::logout && operation.outcome != Outcome::fail) {
      const auto found = lives.find(operation.value("session"));
      if (found == lives.end())
        continue;
      if (operation.outcome == Outcome::ok && found->second.dead == nullptr)
        found->second.dead = &operation;
      else if (operation.outcome != Outcome::ok)
        found->second.unsure = true;
      found->second.unsure_from = std::min(found->second.unsure_from, operation.invoked);
    }
  }
  std::map<int, const Checkpoint*> checkpoints;
  for (const auto& checkpoint : facts.checkpoints)
    checkpoints[checkpoint.number] = &checkpoint;
  std::vector<const Operation*> live;
  for (const auto* read : facts.of(Role::whoami)) {
    const auto found = lives.find(read->value("session"));
    if (found == lives.end() || found->second.login == nullptr)
      continue;
    auto& life = found->second;
    const auto& session = *life.login;
    if (read->completed == 0)
      continue; // the run ended in it
    const auto named = read->captured.find("user");
    if (read->outcome == Outcome::ok && named && *named != session.user)
      result.add("crossed", {session.user,
                             read->completed,
                             read->complete_time,
                             fmt::format("the session of {} answered as {}", session.user, *named),
                             {&session, read}});
    if (life.dead != nullptr && read->invoked > life.dead->completed) {
      if (read->outcome == Outcome::ok)
        result.add("zombie", {session.user,
                              read->completed,
                              read->complete_time,
                              "the session was accepted after its logout had completed",
                              {&session, life.dead, read}});
      continue;
    }
    if (!declare.session_sliding && read->outcome == Outcome::ok &&
        read->invoke_time > session.complete_time + declare.session_lifetime)
      result.add("zombie", {session.user,
                            read->completed,
                            read->complete_time,
                            "the session was accepted after it had expired",
                            {&session, read}});
    const auto expires = (declare.session_sliding ? life.last_used : session.invoke_time) + declare.session_lifetime;
    if (read->complete_time >= expires)
      continue; // it may have expired: nothing is promised either way
    if (life.unsure && read->completed > life.unsure_from)
      continue;
    if (read->outcome == Outcome::ok)
      life.last_used = read->invoke_time;
    if (read->checkpoint == 0 || !checkpoints.contains(read->checkpoint))
      continue;
    const auto presence = read->outcome == Outcome::ok                ? Presence::present
                          : read->outcome == Outcome::unauthenticated ? Presence::absent
                                                                      : Presence::unreadable;
    life.sightings.push_back({checkpoints[read->checkpoint], presence, read});
  }
  std::size_t unread = 0;
  for (const auto& [id, life] : lives) {
    if (life.login == nullptr)
      continue;
    live.push_back(life.login);
    const bool lived =
        !facts.checkpoints.empty() && life.last_used + declare.session_lifetime > facts.checkpoints.front().time;
    if (life.sightings.empty() && life.dead == nullptr && !life.unsure && lived)
      ++unread;
    result.examined += life.sightings.empty() ? 0 : 1;
    const auto loss = classify(life.sightings);
    for (const auto& sighting : life.sightings) {
      if (loss.kind.empty() || sighting.presence == Presence::present)
        continue;
      const auto& read = *sighting.read;
      result.add(loss.kind, {life.login->user,
                             read.completed,
                             read.complete_time,
                             fmt::format("a live session was {} at the checkpoint after {}",
                                         sighting.presence == Presence::absent ? "refused" : "out of reach",
                                         sighting.checkpoint->after),
                             {life.login, &read}});
    }
  }
  // Sessions are state, not a write in flight: every live one is at risk on the hosts where the struck path is one that
  // any operation takes, since each of them shows its session.
  std::vector<std::pair<const StepFact*, std::set<int>>> strikes;
  for (const auto* step : facts.strikes()) {
    strikes.emplace_back(step, std::set<int>{});
    for (const auto& operation : facts.bundle.scenario.stack.operations)
      strikes.back().second.merge(facts.hosts_struck(*step, operation.name));
  }
  for (const auto* login : live) {
    bool risk = strikes.empty();
    for (const auto& [step, hosts] : strikes) {
      const auto& life = lives.at(login->id);
      const bool over = (life.dead != nullptr && life.dead->completed < step->began_sequence) ||
                        life.unsure_from < step->began_sequence;
      const bool looked_at = std::any_of(life.sightings.begin(), life.sightings.end(),
                                         [&](const Sighting& one) { return one.read->invoked > step->began_sequence; });
      risk = risk || (!over && looked_at && login->completed < step->began_sequence && hosts.contains(login->host));
    }
    result.at_risk += risk ? 1 : 0;
  }
  conclude(result, facts, live.size(), unread);
  return result;
}

} // namespace holdfast::checks
