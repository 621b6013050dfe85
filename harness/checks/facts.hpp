// What every check needs to know of a bundle, worked out once. References the bundle, which must outlive it.
#pragma once

#include "harness/bundle/bundle.hpp"
#include "harness/history/names.hpp"
#include "harness/verdict/verdict.hpp"

#include <map>
#include <unordered_map>

namespace holdfast::checks {

using history::Operation;

struct Checkpoint {
  int number = 0;
  std::uint64_t began = 0; ///< sequence numbers
  std::uint64_t ended = 0; ///< 0: the run ended in it
  history::Time time{};
  std::string after; ///< step id
  bool restored =
      false; ///< the last known-good release and configuration were in force again, after they had been left
};

struct StepFact {
  std::string id;
  std::string kind;
  history::Time began{};
  std::uint64_t began_sequence = 0;
  std::uint64_t ended_sequence = 0; ///< 0: it never ended
  bool fault = false;
  bool proven = false;
  std::string evidence;
  std::string instances; ///< struck ones, comma-separated; empty: all
  std::string link;      ///< of a step on a link
};

struct Facts {
  /// Throws std::logic_error when the operations are not numbered (history/identities.hpp).
  explicit Facts(const bundle::Bundle& from);

  const bundle::Bundle& bundle;
  std::vector<Checkpoint> checkpoints;
  std::vector<StepFact> steps;
  history::Names users; ///< and their peers, by number
  bool steady_reached = false;
  bool ended = false; ///< the run came to its end

  /// Operations of a role, by invocation; `other` for those that have none. An overview is whoami, purchases and
  /// statement at once.
  [[nodiscard]] const std::vector<const Operation*>& of(scenario::Role role) const;
  /// The number of the user whose operation it is.
  [[nodiscard]] std::uint32_t user(const Operation& operation) const { return users_of_[operation.number]; }
  /// The numbers of the users whom transfers go to, in the order of `of(Role::transfer)`.
  [[nodiscard]] const std::vector<std::uint32_t>& peers() const { return peers_; }
  /// The read of a user's list at a checkpoint that counts: the last one made there. Null when there was none.
  [[nodiscard]] const Operation* read(scenario::Role role, std::uint32_t user, int checkpoint) const;
  /// What a read shows of a role: its list, or that part of an overview.
  [[nodiscard]] const history::EntryList& list(const Operation& read, scenario::Role role) const;
  [[nodiscard]] scenario::Role role_of(const Operation& operation) const;
  /// A list in several pages that was read while others wrote: they show different moments.
  [[nodiscard]] bool may_be_torn(const Operation& read) const;
  /// The journey or the setup makes users do this.
  [[nodiscard]] bool is_offered(scenario::Role role) const;
  /// Hosts on which an operation of this name passes what the step struck. Its way begins at its own service and leads
  /// to every service that this one needs, and that those need in turn, on the same host. A step on processes is on
  /// that way when it struck one of these services; a step on a dependency's link, when it struck one that needs the
  /// dependency; on a link between two services ("orders>bank"), when it struck the caller; on the link from users to a
  /// service, when the operation is sent to that service by its users. A step that names no instances struck all.
  [[nodiscard]] std::set<int> hosts_struck(const StepFact& step, const std::string& operation) const;
  /// A step on processes was at work on this instance then: what it served meanwhile is that step's doing.
  [[nodiscard]] bool is_handled(const std::string& instance, std::uint64_t sequence) const;
  /// A step on this link was in force then for this instance.
  [[nodiscard]] bool is_cut(const std::string& link, const std::string& instance, std::uint64_t sequence) const;
  /// Steps that take something away from processes or links, in order.
  [[nodiscard]] std::vector<const StepFact*> strikes() const;
  /// How many of these acknowledged operations stood at risk (see the design, "No evidence, no pass"): counted for each
  /// strike on whose way they were (`hosts_struck`), when they were acknowledged shortly before it or were in flight.
  /// Without strikes: all.
  [[nodiscard]] std::size_t at_risk(const std::vector<const Operation*>& acknowledged) const;

private:
  void add_operations();
  void add(const Operation& operation, scenario::Role role);

  std::map<scenario::Role, std::vector<const Operation*>> by_role_;
  std::unordered_map<std::string, scenario::Role> roles_;
  std::vector<std::uint32_t> users_of_; ///< of each operation
  std::vector<std::uint32_t> peers_;
  std::map<std::pair<scenario::Role, int>, std::vector<const Operation*>> reads_; ///< by user
};

/// What became of one acknowledged thing over the checkpoints after its acknowledgement.
enum class Presence { present, absent, unreadable };

struct Sighting {
  const Checkpoint* checkpoint;
  Presence presence;
  const Operation* read;
};

/// The kind of loss that sightings show, and the sighting that shows it; empty kind when there is none.
struct Loss {
  std::string kind; ///< unreachable, lost, destroyed
  const Sighting* sighting = nullptr;
};
[[nodiscard]] Loss classify(const std::vector<Sighting>& sightings);

/// For checks whose findings are empty: pass, or why that would rest on nothing.
void conclude(verdict::CheckResult& result, const Facts& facts, std::size_t acknowledged, std::size_t unread);

} // namespace holdfast::checks
