// Judges a history part by part and says what cannot be placed: what all linearizable models share.
#pragma once

#include "harness/consistency/evidence.hpp"
#include "harness/consistency/linearizability/partition.hpp"
#include "harness/consistency/linearizability/search.hpp"
#include "harness/consistency/model.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::consistency::linearizability {

/// One object and all that was called on it.
struct Problem {
  Object object;
  std::vector<Call> calls; ///< by start
  Evidence evidence;
};

enum class Method {
  automatic, ///< the direct one where it can judge
  direct,
  search
};

struct Options {
  Method method = Method::automatic;
  Nodes nodes = unlimited; ///< of each part
  bool explains = true;    ///< gives counterexamples
};

/// What the declarations `method` and `nodes` say; a complaint instead when they say nothing sensible.
std::string read_options(const Question& question, Options& options);
/// The lines of `Model::declarations` for these.
std::vector<std::string> option_declarations();

Answer judge(const Problem& problem, const Options& options, Budget& budget);

/// Fills all but `validity`, and calls `conclude` or says what left it open: a violation of one part is one whatever
/// the others are; without one, a part that is undecided leaves all undecided.
Result judge(const History& history, const Partition& partition, const Options& options,
             const std::function<Problem(std::span<const OperationId>)>& problem_of, Budget& budget);

} // namespace holdfast::consistency::linearizability
