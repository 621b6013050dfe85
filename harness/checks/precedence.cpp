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
  // Inconclusive only ever replaces pass, but where the run itself is no evidence: what was recorded before its end is
  // shown, and decides nothing.
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
