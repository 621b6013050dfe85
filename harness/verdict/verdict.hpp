// What checks find and what follows from it. Plain data.
#pragma once

#include "harness/history/operation.hpp"

#include <set>
#include <string>
#include <vector>

namespace holdfast::verdict {

enum class Verdict {
  pass,
  fail,
  inconclusive, ///< only ever replaces pass: a counterexample stands whatever else is missing
  reproduced    ///< exactly the findings that the scenario names; never evidence of survival
};

[[nodiscard]] std::string to_string(Verdict verdict);

/// One case of a finding, with the shortest list of operations that shows it.
struct Occurrence {
  std::string user;           ///< or the instance, of a check of instances; empty: about nobody
  std::uint64_t sequence = 0; ///< where in the history it showed first
  history::Time time{};
  std::string what;                                  ///< one sentence
  std::vector<const history::Operation*> operations; ///< of the bundle that was judged; must not outlive it
  std::uint64_t known_good = 0; ///< the last moment at which it was known not to be so; 0: nothing is known
};

/// All cases of one kind in one check.
struct Finding {
  std::string kind;
  std::vector<Occurrence> occurrences;
};

struct CheckResult {
  std::string name;
  Verdict verdict = Verdict::pass;
  std::string reason;       ///< why it is not a pass; for a pass what it rests on
  std::size_t at_risk = 0;  ///< records that the faults could have hurt
  std::size_t examined = 0; ///< records that were re-read
  std::size_t doubtful = 0; ///< reads that failed while the machine was starved: nothing follows from them
  bool applicable = true;
  bool says_why = true; ///< not applicable: reports say why; false where the stack has nothing that the check is about
  std::vector<Finding> findings;
  std::vector<std::string> notes = {}; ///< what a reader must know, and what decides nothing

  /// Adds a case under its kind.
  void add(const std::string& kind, Occurrence occurrence);
};

/// One proven or unproven step, for reports.
struct StepLine {
  std::string id;
  std::string kind;
  history::Time began{};
  bool proven = false;
  std::string evidence;
  std::string instances;
};

/// Where a run's time went.
struct PhaseLine {
  std::string name;
  history::Time took{};
};

/// A finding with its numbers and worked-out examples: all that reports need.
struct FindingSummary {
  std::string kind;
  std::size_t count = 0;
  std::size_t users = 0;
  std::vector<std::string> examples; ///< each a few lines of text
};

/// "1 user", "3 cases".
[[nodiscard]] std::string counted(std::size_t count, const std::string& noun);
struct CheckSummary {
  std::string name;
  Verdict verdict = Verdict::pass;
  bool judged = true;        ///< the scenario asks for it; otherwise it is told and decides nothing
  bool of_instances = false; ///< its findings are about instances, not about users
  std::string reason;
  std::size_t at_risk = 0;
  std::size_t examined = 0;
  std::vector<FindingSummary> findings;
};

/// Whom a finding of a check is about: "2 users", "2 instances"; empty when it is about nobody.
[[nodiscard]] std::string affected(const CheckSummary& check, const FindingSummary& finding);

/// The judgement of one run.
struct Report {
  std::string scenario;
  std::string about;
  std::string file;
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::inconclusive;
  std::string reason;
  std::string bundle;
  std::size_t users = 0;
  std::size_t operations = 0;
  history::Time took{};
  std::vector<PhaseLine> phases;
  std::vector<StepLine> steps;
  std::vector<CheckSummary> checks;
  std::vector<std::string> notes;
  int exit_status = 2; ///< 0 pass or reproduced, 1 fail, 2 inconclusive, 3 user's mistake, 4 harness, 130 interrupted
};

/// The worst of two: fail > inconclusive > reproduced > pass.
[[nodiscard]] Verdict worse(Verdict a, Verdict b);
[[nodiscard]] int exit_status(Verdict verdict);

} // namespace holdfast::verdict
