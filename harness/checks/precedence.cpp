#include "harness/checks/precedence.hpp"

#include "harness/verdict/exit_status.hpp"

namespace holdfast::checks {

using verdict::Verdict;
namespace status = verdict::status;

Decision decide(const Grounds& grounds) {
  struct Row {
    std::optional<std::string> Grounds::*ground;
    Verdict verdict;
    int exit_status;
  };
  // The order of the rows is the precedence. A finding outranks missing evidence: a counterexample stands, whatever
  // else was not seen. The first three rows outrank a finding, since there the run itself is no evidence: what was
  // recorded until then is shown and decides nothing.
  static constexpr Row table[] = {
      {&Grounds::harness_failed, Verdict::inconclusive, status::harness_failed},
      {&Grounds::interrupted, Verdict::inconclusive, status::interrupted},
      {&Grounds::never_served, Verdict::inconclusive, status::inconclusive},
      {&Grounds::failed, Verdict::fail, status::failed},
      {&Grounds::lacking, Verdict::inconclusive, status::inconclusive},
  };
  for (const auto& row : table)
    if (const auto& why = grounds.*row.ground)
      return {row.verdict, row.exit_status, *why};
  if (grounds.is_reproduction)
    return {Verdict::reproduced, status::passed, "exactly the findings that the scenario names"};
  return {Verdict::pass, status::passed, {}};
}

} // namespace holdfast::checks
