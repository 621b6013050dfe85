#include "harness/verdict/verdict.hpp"

#include <algorithm>

namespace holdfast::verdict {

std::string to_string(Verdict verdict) {
  switch (verdict) {
  case Verdict::pass:
    return "pass";
  case Verdict::fail:
    return "fail";
  case Verdict::inconclusive:
    return "inconclusive";
  case Verdict::reproduced:
    return "reproduced";
  }
  return "inconclusive";
}

/// A counterexample is a fail at once, whatever the check finds later.
void CheckResult::add(const std::string& kind, Occurrence occurrence) {
  const auto found =
      std::find_if(findings.begin(), findings.end(), [&](const Finding& one) { return one.kind == kind; });
  auto& finding = found == findings.end() ? findings.emplace_back(Finding{kind, {}}) : *found;
  finding.occurrences.push_back(std::move(occurrence));
  verdict = Verdict::fail;
}

Verdict worse(Verdict a, Verdict b) {
  const auto rank = [](Verdict verdict) {
    switch (verdict) {
    case Verdict::fail:
      return 3;
    case Verdict::inconclusive:
      return 2;
    case Verdict::reproduced:
      return 1;
    case Verdict::pass:
      return 0;
    }
    return 2;
  };
  return rank(a) >= rank(b) ? a : b;
}

int exit_status(Verdict verdict) {
  switch (verdict) {
  case Verdict::pass:
  case Verdict::reproduced:
    return 0;
  case Verdict::fail:
    return 1;
  case Verdict::inconclusive:
    return 2;
  }
  return 2;
}

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string affected(const CheckSummary& check, const FindingSummary& finding) {
  return finding.users == 0 ? std::string{} : counted(finding.users, check.of_instances ? "instance" : "user");
}

} // namespace holdfast::verdict
