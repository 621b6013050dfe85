#include "harness/checks/precedence.hpp"

namespace holdfast::checks {

using verdict::Verdict;

Decision decide(const Grounds& grounds) {
  struct Row {
    std::optional<std::string> Grounds::*ground;
    Verdict verdict;
    int exit_status;
  };
  // Inconclusive only ever replaces pass, but where the run itself is no evidence: what was recorded before its end is
  // shown, and decides nothing.
  static constexpr Row table[] = {
      {&Grounds::harness_failed, Verdict::inconclusive, 4}, {&Grounds::interrupted, Verdict::inconclusive, 130},
      {&Grounds::never_served, Verdict::inconclusive, 2},   {&Grounds::failed, Verdict::fail, 1},
      {&Grounds::lacking, Verdict::inconclusive, 2},
  };
  for (const auto& row : table)
    if (const auto& why = grounds.*row.ground)
      return {row.verdict, row.exit_status, *why};
  if (grounds.is_reproduction)
    return {Verdict::reproduced, 0, "exactly the findings that the scenario names"};
  return {Verdict::pass, 0, {}};
}

} // namespace holdfast::checks
