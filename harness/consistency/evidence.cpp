#include "harness/consistency/evidence.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::consistency {

namespace {

/// What a history lacks to be called valid, in the order in which a user would want to know it; empty when nothing.
std::string lacking(const History& history, const Evidence& evidence) {
  const auto& all = history.operations;
  if (all.empty())
    return "the history has no operations";
  if (std::none_of(all.begin(), all.end(),
                   [](const auto& one) { return one.complete_line != 0 || one.completion != never; }))
    return fmt::format("none of the {} operations completed", all.size());
  if (std::none_of(all.begin(), all.end(), [](const auto& one) { return one.outcome == Outcome::ok; }))
    return fmt::format("none of the {} operations is acknowledged: all failed or have an unknown outcome", all.size());
  if (evidence.reads == 0)
    return "nothing was read: what was written could be anywhere";
  if (evidence.writes == 0)
    return "nothing was written: what was read shows nothing";
  return {};
}

} // namespace

/// A violation stands whatever else the history lacks; only "valid" needs evidence.
void conclude(Result& result, const History& history, const Evidence& evidence, bool is_violated) {
  std::string reason;
  if (is_violated) {
    result.validity = Validity::invalid;
    if (!result.findings.empty() && !result.findings.front().examples.empty())
      reason = result.findings.front().examples.front().what;
  } else if (reason = lacking(history, evidence); !reason.empty()) {
    result.validity = Validity::unknown;
  } else {
    result.validity = Validity::valid;
    reason = fmt::format("{} reads against {} writes", evidence.reads, evidence.writes);
  }
  if (result.reason.empty())
    result.reason = std::move(reason);
}

} // namespace holdfast::consistency
