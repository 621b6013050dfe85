// Sessions: what a login gave out, a token or cookies, stays this user's until it is logged out, has expired, or is
// replaced.
//
// lost, unreachable, destroyed: at a checkpoint a live session was refused or out of reach. stale: it was accepted
// later than declared. zombie: it was accepted after a completed logout, or after it had expired. crossed: it answered
// as another user. read-your-writes, monotonic-reads: between checkpoints a live session was refused, before it was
// accepted for the first time or after it had been. What a checkpoint shows to be gone is told as that, and not twice.
//
// Some sessions are neither live nor dead, and their refusal says nothing. A logout of unknown outcome makes one so. So
// does a login that was sent with the cookies of the session before it: most services give out a new session then and
// end the old one; a service that goes on accepting the old one must keep it. Where there is one session a user, a
// login of unknown outcome may have ended the one before it.
#include "harness/checks/check.hpp"
#include "harness/consistency/session_guarantees.hpp"

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
  /// A login may have ended it: one of known outcome, since which it has not been accepted, or one of unknown outcome,
  /// which may take effect at any time.
  enum class Replaced { no, perhaps, yes } replaced = Replaced::no;
  bool was_accepted = false;
  std::vector<Sighting> sightings;
  consistency::RecordId number = 0; ///< among the sessions
};

/// A login that may have ended a session.
struct Replacement {
  std::uint64_t invoked = 0;
  Life::Replaced how = Life::Replaced::perhaps;
};

/// What every look at a live session showed, for the engine that knows what a session may rely on.
struct Looks {
  consistency::Sightings sightings; ///< each session in a collection of its own
  std::vector<const Operation*> reads;
  std::vector<const Life*> lives; ///< by number

  void add(Life& life) {
    life.number = static_cast<consistency::RecordId>(lives.size());
    lives.push_back(&life);
    sightings.records.push_back({.submitted = static_cast<consistency::Position>(life.login->invoked),
                                 .acknowledged = static_cast<consistency::Position>(life.login->completed),
                                 .owner = life.number});
  }
  void add(const Life& life, const Operation& read, bool at_checkpoint) {
    if (read.outcome != Outcome::ok && (read.outcome != Outcome::unauthenticated || read.completed > life.unsure_from))
      return; // out of reach, or perhaps rightly refused
    sightings.begin_read({.invoked = static_cast<consistency::Position>(read.invoked),
                          .completed = static_cast<consistency::Position>(read.completed),
                          .collection = life.number,
                          .judges_absence = !at_checkpoint});
    reads.push_back(&read);
    if (read.outcome == Outcome::ok)
      sightings.show(life.number);
  }
};

/// Which cookies of which session a browser dropped, and the reply that made it do so: why a session that the service
/// still knows may be refused.
class Drops {
public:
  explicit Drops(const Facts& facts) {
    for (const auto& operation : facts.bundle.history.operations) {
      by_id_.emplace(operation.id, &operation);
      for (const auto& attempt : operation.attempts)
        for (const auto& one : attempt.dropped)
          of_[operation.value("session")].push_back({operation.invoked, &one});
    }
  }
  struct Drop {
    const history::DroppedCookie* cookie = nullptr;
    const Operation* reply = nullptr; ///< that made it; may be null
  };
  /// The last cookie that went before a read ended, of those that went since the session was last accepted (null: it
  /// never was): a cookie that had gone before that did not matter, since the session was accepted without it.
  [[nodiscard]] std::optional<Drop> between(const std::string& session, const Operation* accepted,
                                            const Operation& read) const {
    const auto found = of_.find(session);
    if (found == of_.end())
      return std::nullopt;
    std::optional<Drop> last;
    for (const auto& [invoked, cookie] : found->second)
      if (invoked <= read.completed && (accepted == nullptr || invoked >= accepted->invoked)) {
        const auto reply = by_id_.find(cookie->by);
        last = Drop{cookie, reply == by_id_.end() ? nullptr : reply->second};
      }
    return last;
  }

private:
  struct One {
    std::uint64_t invoked;
    const history::DroppedCookie* cookie;
  };
  std::unordered_map<std::string, std::vector<One>> of_; ///< by session
  std::unordered_map<std::string, const Operation*> by_id_;
};

/// Tells of sessions that were refused between checkpoints although they lived: every checkpoint that looked found them
/// live, the last one after the refusal. Where sessions may be known late, `looks` holds only reads that came when the
/// session was due.
void find_refusals(verdict::CheckResult& result, const Looks& looks, history::Time visible_within) {
  using consistency::Guarantee;
  const consistency::Lanes lanes(looks.sightings, consistency::Lanes::By::collection);
  const consistency::Holders holders(looks.sightings, lanes);
  for (const auto& absence : consistency::find_absences(looks.sightings, lanes, holders).absences) {
    const auto& life = *looks.lives[absence.record];
    const bool had_been_accepted = absence.flickered != consistency::none;
    const auto& read = *looks.reads[had_been_accepted ? absence.flickered : absence.missing];
    if (life.sightings.empty() || !classify(life.sightings).kind.empty() ||
        life.sightings.back().read->invoked < read.completed)
      continue;
    std::vector<const Operation*> evidence{life.login};
    if (had_been_accepted)
      evidence.push_back(looks.reads[absence.seen]);
    const auto known_good = evidence.back()->completed; // the login, or the read that was accepted
    evidence.push_back(&read);
    evidence.push_back(life.sightings.back().read);
    const auto add = [&](std::string_view kind, std::string what) {
      result.add(std::string(kind), {life.login->user, read.completed, read.complete_time, std::move(what),
                                     std::move(evidence), known_good});
    };
    if (had_been_accepted)
      add(to_string(Guarantee::monotonic_reads), "the session was accepted, then refused, and is live");
    else if (visible_within > history::Time{})
      add("stale", fmt::format("the session was refused later than {} after its login, and is live",
                               scenario::format_duration(visible_within)));
    else
      add(to_string(Guarantee::read_your_writes), "the session was refused after its login had completed, and is live");
  }
}

} // namespace

verdict::CheckResult check_sessions(const Facts& facts) {
  verdict::CheckResult result{.name = "sessions"};
  const auto& stack = facts.bundle.scenario.stack;
  const auto& declare = stack.declare;
  if (stack.operation(Role::login) == nullptr || stack.reader(Role::whoami) == nullptr) {
    result.applicable = result.says_why = false;
    result.reason = "the stack has no operations with the roles login and whoami";
    return result;
  }
  std::map<std::string, Life> lives;
  std::unordered_map<std::string, std::vector<Replacement>> replacements;
  Looks looks;
  const bool by_cookies = !stack.carries_token(*stack.reader(Role::whoami));
  std::map<std::string, std::string> newest; ///< of each user, where there is one session a user
  for (const auto& operation : facts.bundle.history.operations) {
    const auto role = facts.role_of(operation);
    if (role == Role::login && operation.outcome == Outcome::ok && operation.continues.empty()) {
      auto& life = lives[operation.id];
      life.login = &operation;
      life.last_used = operation.invoke_time;
      looks.add(life);
      // This login ends the session before it, at some time after its invocation: a refusal of that one says nothing
      // then.
      if (declare.one_session_per_user) {
        if (const auto before = newest.find(operation.user); before != newest.end()) {
          auto& ended = lives[before->second];
          ended.unsure = true;
          // A logout of unknown outcome may have ended it before this login did.
          ended.unsure_from = std::min(ended.unsure_from, operation.invoked);
        }
        newest[operation.user] = operation.id;
      }
    }
    // Whether this login has ended the session before it is unknown: only a refusal is excused by it.
    if (role == Role::login && operation.outcome == Outcome::info && declare.one_session_per_user)
      if (const auto before = newest.find(operation.user); before != newest.end())
        replacements[before->second].push_back({operation.invoked, Life::Replaced::perhaps});
    // From the invocation of a logout on the session may be refused; once the logout has completed it must be. After a
    // logout of unknown outcome nothing is known of it any more.
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
  // Logins that were sent with the cookies of a session, and may have ended it: see the head of this file.
  if (by_cookies)
    for (const auto* login : facts.of(Role::login))
      if (const auto session = login->value("session");
          !session.empty() && login->continues.empty() && login->outcome != Outcome::fail)
        replacements[session].push_back(
            {login->invoked, login->outcome == Outcome::ok ? Life::Replaced::yes : Life::Replaced::perhaps});
  const auto visible_within = declare.sessions_visible;
  std::size_t doubtful = 0;
  std::set<const Life*> replaced_and_refused;
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
    // When the lifetime began is known only to lie between the invocation and the completion. In favour of the service
    // it counts from the completion for a zombie above, and from the invocation for a refusal here.
    const auto expires = (declare.session_sliding ? life.last_used : session.invoke_time) + declare.session_lifetime;
    if (read->complete_time >= expires)
      continue; // it may have expired: nothing is promised either way
    if (life.unsure && read->completed > life.unsure_from)
      continue;
    if (facts.is_unserved(*read))
      continue;
    if (facts.is_doubtful(*read)) {
      ++doubtful;
      continue;
    }
    // Every login that was invoked before this read ended may have taken effect by now; a later acceptance shows that
    // one of known outcome has not ended the session.
    std::erase_if(replacements[session.id], [&](const Replacement& one) {
      const bool is_past = one.invoked < read->completed;
      if (is_past)
        life.replaced = std::max(life.replaced, one.how);
      return is_past;
    });
    if (read->outcome == Outcome::ok) {
      life.last_used = read->invoke_time;
      life.was_accepted = true;
      if (life.replaced == Life::Replaced::yes)
        life.replaced = Life::Replaced::no; // the service kept it in spite of that login, and must go on keeping it
    } else if (life.replaced == Life::Replaced::yes ||
               (life.replaced == Life::Replaced::perhaps && read->outcome == Outcome::unauthenticated)) {
      replaced_and_refused.insert(&life);
      continue;
    }
    // Where sessions may be known late, one that was never accepted may be refused until it is due.
    if (visible_within > history::Time{} && !life.was_accepted && read->outcome == Outcome::unauthenticated &&
        read->invoke_time < facts.due(session.complete_time, read->invoked, visible_within))
      continue;
    const bool at_checkpoint = read->checkpoint != 0 && checkpoints.contains(read->checkpoint);
    looks.add(life, *read, at_checkpoint);
    if (!at_checkpoint)
      continue;
    const auto presence = read->outcome == Outcome::ok                ? Presence::present
                          : read->outcome == Outcome::unauthenticated ? Presence::absent
                                                                      : Presence::unreadable;
    life.sightings.push_back({checkpoints[read->checkpoint], presence, read});
  }
  const Drops drops(facts);
  std::size_t unread = 0;
  for (const auto& [id, life] : lives) {
    if (life.login == nullptr)
      continue;
    live.push_back(life.login);
    // Its lifetime reached into the first checkpoint, so that somebody should have looked at it.
    const bool lived =
        !facts.checkpoints.empty() && life.last_used + declare.session_lifetime > facts.checkpoints.front().time;
    if (life.sightings.empty() && life.dead == nullptr && !life.unsure && life.replaced == Life::Replaced::no && lived)
      ++unread;
    result.examined += life.sightings.empty() ? 0 : 1;
    auto loss = classify(life.sightings);
    // Refused at a checkpoint when it was due, and at none before had it been accepted: it is known too late.
    if (visible_within > history::Time{} && loss.kind == "unreachable" && loss.good == nullptr &&
        loss.sighting->presence == Presence::absent)
      loss.kind = "stale";
    const Operation* accepted = nullptr;
    for (const auto& sighting : life.sightings) {
      const auto& read = *sighting.read;
      if (sighting.presence == Presence::present)
        accepted = &read;
      if (loss.kind.empty() || sighting.presence == Presence::present)
        continue;
      auto what =
          fmt::format("a live session was {} at {}", sighting.presence == Presence::absent ? "refused" : "out of reach",
                      sighting.checkpoint->describe());
      std::vector<const Operation*> evidence{life.login, &read};
      if (const auto drop = drops.between(life.login->id, accepted, read);
          drop && sighting.presence == Presence::absent) {
        what += fmt::format(": the browser had dropped the cookie '{}' ({}{})", drop->cookie->cookie, drop->cookie->why,
                            drop->reply == nullptr ? "" : ", in the reply to " + drop->reply->id);
        if (drop->reply != nullptr && drop->reply != &read && drop->reply != life.login)
          evidence.insert(evidence.begin() + 1, drop->reply);
      }
      result.add(loss.kind, {life.login->user, read.completed, read.complete_time, std::move(what), std::move(evidence),
                             (accepted != nullptr ? accepted : life.login)->completed});
    }
  }
  find_refusals(result, looks, visible_within);
  if (!replaced_and_refused.empty())
    result.notes.push_back(fmt::format("{} refused after a login that may have ended {}, and not judged",
                                       replaced_and_refused.size() == 1
                                           ? "a session was"
                                           : fmt::format("{} sessions were", replaced_and_refused.size()),
                                       replaced_and_refused.size() == 1 ? "it" : "them"));
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
      // A session that had ended before the strike, or may have, was not hurt by it. One that nobody looked at after it
      // is no evidence of survival.
      const bool over = (life.dead != nullptr && life.dead->completed < step->began_sequence) ||
                        life.unsure_from < step->began_sequence;
      const bool looked_at = std::any_of(life.sightings.begin(), life.sightings.end(),
                                         [&](const Sighting& one) { return one.read->invoked > step->began_sequence; });
      risk = risk || (!over && looked_at && login->completed < step->began_sequence && hosts.contains(login->host));
    }
    result.at_risk += risk ? 1 : 0;
  }
  conclude(result, facts, {live.size(), unread, doubtful},
           "no live session was at risk: none was on what was struck, and looked at afterwards");
  return result;
}

Check sessions_check() {
  return {
      .name = "sessions",
      .about = "a session stays its user's until it is logged out or has expired",
      .kinds = {{"lost", "a live session is refused, and still at the end"},
                {"unreachable", "a live session could not be used at a checkpoint, and could later or not at the end"},
                {"destroyed", "lost although the release and configuration of the start are in force again"},
                {"stale", "accepted later than `visible_within` allows"},
                {"zombie", "accepted after its logout had completed, or its lifetime was over"},
                {"crossed", "it answered as another user"},
                {"read-your-writes", "refused after its login had completed, though it is live"},
                {"monotonic-reads", "accepted, then refused, though it is live"}},
      .of_records = true,
      .run = check_sessions};
}

} // namespace holdfast::checks
