// What every check needs to know of a bundle, worked out once. References the bundle, which must outlive it.
#pragma once

#include "harness/bundle/bundle.hpp"
#include "harness/checks/disturbance.hpp"
#include "harness/history/names.hpp"
#include "harness/scenario/path.hpp"
#include "harness/verdict/verdict.hpp"

#include <map>
#include <unordered_map>

namespace holdfast::checks {

using history::Operation;

struct Checkpoint {
  int number = 0;
  std::uint64_t began = 0; ///< sequence numbers
  std::uint64_t ended = 0; ///< 0: the run ended in it
  history::Time time{};    ///< it began
  history::Time ended_time{};
  std::string after; ///< step id; empty: none
  bool cold = false; ///< after the cold restart
  bool restored =
      false; ///< the last known-good release and configuration were in force again, after they had been left

  /// "the checkpoint after step 'restart'", "the last checkpoint".
  [[nodiscard]] std::string describe() const;
};

struct StepFact {
  std::string id;
  std::string kind;
  history::Time began{};
  std::uint64_t began_sequence = 0;
  std::uint64_t ended_sequence = 0; ///< 0: it never ended
  bool fault = false;
  bool proven = false;
  bool is_judged = false; ///< it says whether it is proven
  std::string evidence;
  std::vector<std::string> instances;          ///< those it was about; empty: all
  std::string link;                            ///< of a step on a link
  std::vector<std::string> struck;             ///< those whose process it ended, or whose traffic it touched
  std::vector<std::string> started;            ///< those that it found down and brought up
  std::optional<history::Milliseconds> waited; ///< between the checkpoint before it and its strike
};

/// Operations that were never answered as the stack file says. A finding cannot rest on them: the file is as likely to
/// be wrong as the service.
struct Unserved {
  std::set<std::string> names;
  std::string reason; ///< of the first of them; empty without any
};

struct Facts {
  /// Throws std::logic_error when the operations are not numbered (history/identities.hpp).
  explicit Facts(const bundle::Bundle& from);

  const bundle::Bundle& bundle;
  Disturbance disturbance;
  std::vector<Checkpoint> checkpoints;
  std::vector<StepFact> steps;
  history::Names users; ///< and their peers, by number
  Unserved unserved;
  bool steady_reached = false;
  bool ended = false;          ///< the run came to its end
  bool cold_restarted = false; ///< every service was restarted at its end

  /// What this version of the files records: see bundle::Manifest.
  [[nodiscard]] bool records_processes() const { return bundle.manifest.format >= 2; }

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
  /// The operation was never answered as the stack file says: nothing rests on it.
  [[nodiscard]] bool is_unserved(const Operation& operation) const { return unserved.names.contains(operation.name); }
  /// It failed, and each of its attempts may have failed because the machine was starved, or because a probe that was
  /// late for that reason had taken the instances out.
  [[nodiscard]] bool is_doubtful(const Operation& operation) const;
  [[nodiscard]] bool is_doubtful(const Operation& operation, const history::Attempt& attempt) const;
  /// Hosts on which an operation of this name passes what the step struck: see scenario/path.hpp.
  [[nodiscard]] std::set<int> hosts_struck(const StepFact& step, const std::string& operation) const;
  /// True when a step on processes was at work on this instance then: what the instance served meanwhile is that step's
  /// doing.
  [[nodiscard]] bool is_handled(const std::string& instance, std::uint64_t sequence) const;
  /// True when a step on this link was at work then and was about this instance.
  [[nodiscard]] bool is_cut(const std::string& link, const std::string& instance, std::uint64_t sequence) const;
  /// Steps that ended processes or cut links, in order. Where a run has none, the steps that changed something.
  [[nodiscard]] std::vector<const StepFact*> strikes() const;
  /// How many of these acknowledged operations stood at risk (see the design, "No evidence, no pass"): counted for each
  /// strike on whose way they were (`hosts_struck`), when they were acknowledged shortly before it or were in flight. A
  /// change that ended no process puts everything at risk that was acknowledged before it. Without strikes: all.
  [[nodiscard]] std::size_t at_risk(const std::vector<const Operation*>& acknowledged) const;
  /// Why none of them was at risk: the stretch of time before each strike, and what was acknowledged in it.
  [[nodiscard]] std::string why_none_at_risk(const std::vector<const Operation*>& acknowledged) const;
  /// The steps after which something can have come about that was not yet so at `known_good`, and was at `sequence`:
  /// the one that had begun last, or all between where they cannot be told apart. In order.
  [[nodiscard]] std::vector<const StepFact*> blamed(std::uint64_t known_good, std::uint64_t sequence) const;
  /// When something that was acknowledged at a time must show at a checkpoint, where it may show late: counted from the
  /// acknowledgement, or from the recovery after the last step, whichever is later.
  [[nodiscard]] history::Time due(history::Time acknowledged, std::uint64_t before, history::Time within) const;

private:
  void add_operations();
  void add(const Operation& operation, scenario::Role role);
  void add(const history::Event& event, const history::StepEvent& step);
  void find_unserved();
  [[nodiscard]] bool is_struck(const StepFact& step, const std::string& instance) const;
  [[nodiscard]] bool ends_processes(const StepFact& step) const;
  [[nodiscard]] bool is_before(const Operation& operation, const StepFact& step) const;

  std::map<scenario::Role, std::vector<const Operation*>> by_role_;
  std::unordered_map<std::string, scenario::Role> roles_;
  std::vector<std::uint32_t> users_of_; ///< of each operation
  std::vector<std::uint32_t> peers_;
  std::map<std::pair<scenario::Role, int>, std::vector<const Operation*>> reads_; ///< by user
  struct Outage {
    std::uint64_t from = 0, to = UINT64_MAX; ///< sequence numbers
  };
  /// By service, then instance: when the instance was out of the routes because of a probe that may have been late only
  /// because the machine was starved.
  std::map<std::string, std::map<std::string, std::vector<Outage>>> doubtful_outages_;
  /// Sequence and time at which a step had ended, or waiting for its recovery had.
  std::vector<std::pair<std::uint64_t, history::Time>> settled_;
};

/// What became of one acknowledged thing over the checkpoints after its acknowledgement.
enum class Presence { present, absent, unreadable };

struct Sighting {
  const Checkpoint* checkpoint;
  Presence presence;
  const Operation* read;
};

/// The kind of loss that sightings show, and the sighting that showed it first; empty kind when there is none.
struct Loss {
  std::string kind; ///< unreachable, lost, destroyed
  const Sighting* sighting = nullptr;
  const Sighting* good = nullptr; ///< the last before it that showed it present; null: none did
};
[[nodiscard]] Loss classify(const std::vector<Sighting>& sightings);

/// What a check of records has counted.
struct Counted {
  std::size_t acknowledged = 0;
  std::size_t unread = 0;   ///< of them, never read back
  std::size_t doubtful = 0; ///< reads that failed while the machine was starved
};

/// For checks whose findings are empty: pass, or why that would rest on nothing. `why_no_risk` says why nothing was at
/// risk.
void conclude(verdict::CheckResult& result, const Facts& facts, const Counted& counted, const std::string& why_no_risk);

} // namespace holdfast::checks
