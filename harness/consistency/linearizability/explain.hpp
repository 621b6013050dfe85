// A counterexample that a person can follow.
#pragma once

#include "harness/consistency/linearizability/judge.hpp"

namespace holdfast::consistency::linearizability {

/// Which call cannot be placed and why, with the operations that matter: without the order in time of any of them it
/// could be placed. `key`: what the sentence begins with. Costs at most a fixed number of calls looked at.
Anomaly explain(const History& history, Keys keys, const Problem& problem, const Answer& answer, const std::string& key,
                Budget& budget);

} // namespace holdfast::consistency::linearizability
