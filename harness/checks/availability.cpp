// Availability: the share of what users meant to do that was served, and how many users were hurt. Counted on the
// operations of the timeline; setup and checkpoints are the harness's own.
#include "harness/checks/check.hpp"

#include <fmt/format.h>

namespace holdfast::checks {

using history::Outcome;

verdict::CheckResult check_availability(const Facts& facts) {
  verdict::CheckResult result{.name = "availability"};
  const auto wanted = facts.bundle.scenario.expect.availability_min;
  std::size_t good = 0;
  std::set<std::string> hurt;
  std::vector<const Operation*> failed;
  for (const auto& operation : facts.bundle.history.operations) {
    if (operation.setup || operation.checkpoint != 0)
      continue;
    if (facts.records_processes() && facts.is_unserved(operation))
      continue; // the stack file is as likely to be wrong as the service
    ++result.examined;
    const bool served = operation.is_served();
    good += served ? 1 : 0;
    if (served)
      continue;
    hurt.insert(operation.user);
    failed.push_back(&operation);
  }
  // What was due and never sent is no operation of the history; only this event counts it. Users wanted it, so it
  // counts as not served.
  std::size_t unsent = 0, late = 0;
  for (const auto& event : facts.bundle.history.events)
    if (const auto* workload = event.as<history::WorkloadEvent>())
      unsent = workload->unsent, late = workload->late;
  result.applicable = wanted.has_value();
  if (result.examined == 0) {
    result.verdict = verdict::Verdict::inconclusive;
    result.reason = "nothing was offered";
    return result;
  }
  const double ratio = static_cast<double>(good) / static_cast<double>(result.examined + unsent);
  result.reason = fmt::format("{:.2f} % of {} operations served, {} users hurt, {} offered and not sent", 100 * ratio,
                              result.examined + unsent, hurt.size(), unsent);
  if (late > unsent)
    result.reason += fmt::format(", {} sent only after the timeline", late - unsent);
  if (!wanted || ratio >= *wanted)
    return result;
  // Only where too few were served is a failed operation a case: some may fail while a step is at work, which is what
  // [expect] allows.
  for (const auto* operation : failed)
    result.add("unserved", {operation->user,
                            operation->completed,
                            operation->complete_time,
                            fmt::format("{} got no answer that counts: {}", operation->name, operation->reason),
                            {operation}});
  // Everything that was sent was served, and too much was never sent: there is no operation to show.
  if (failed.empty())
    result.add("unserved", {{}, 0, {}, fmt::format("{} operations were offered and not sent", unsent), {}});
  return result;
}

Check availability_check() {
  return {
      .name = "availability",
      .about = "the share of what users meant to do that was served",
      .kinds = {{"unserved", "an operation got no answer that counts, and fewer were served than [expect] asks for"}},
      .run = check_availability};
}

} // namespace holdfast::checks
