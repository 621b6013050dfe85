// Processes: no process of the stack ends unless a step asks for it. ended: the first process of an instance or of a
// spawned server ended by itself. One that ended before it was ready refused to start, which is another matter. A
// launcher, whose first process exits with 0 while what it started serves on, is told in a note and is no finding.
#include "harness/checks/check.hpp"
#include "harness/scenario/instance_id.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::checks {

using history::ProcessEvent;
using ProcessState = ProcessEvent::State;

namespace {

/// "exit 137", "SIGSEGV".
std::string how_it_ended(const ProcessEvent& process) {
  return process.signal.empty() ? fmt::format("exit {}", process.exit_code.value_or(0)) : process.signal;
}

bool may_end(const Facts& facts, const std::string& instance) {
  const auto& allowed = facts.bundle.scenario.expect.may_end;
  return std::find(allowed.begin(), allowed.end(), scenario::InstanceId::parse(instance).service) != allowed.end();
}

/// True when the process was a launcher: it exited with 0, processes of its tree run on, and the last probe found the
/// instance ready. Probes count until the instance gets another process, is stopped, or the stack is restarted or torn
/// down, and not while a step works on it: what they show then is not the launcher's doing.
bool still_serves(const Facts& facts, const ProcessEvent& process, std::uint64_t ended) {
  if (process.remaining == 0 || process.exit_code != 0)
    return false;
  using history::PhaseEvent;
  auto until = UINT64_MAX; // from here on it is not the launcher's doing whether anybody answers
  for (const auto& event : facts.bundle.history.events) {
    if (event.sequence <= ended)
      continue;
    const auto* other = event.as<ProcessEvent>();
    const auto* phase = event.as<PhaseEvent>();
    const bool is_replaced = other != nullptr && other->instance == process.instance &&
                             (other->state == ProcessState::spawned || other->state == ProcessState::stopping ||
                              other->state == ProcessState::ended || other->state == ProcessState::gone);
    const bool is_over =
        phase != nullptr &&
        ((phase->phase == PhaseEvent::Phase::cold_restart && phase->state == PhaseEvent::State::began) ||
         phase->phase == PhaseEvent::Phase::end);
    if (is_replaced || is_over) {
      until = event.sequence;
      break;
    }
  }
  const history::ProbeResult* last = nullptr;
  for (const auto& probe : facts.bundle.history.probes)
    if (probe.instance == process.instance && probe.sequence > ended && probe.sequence < until &&
        !facts.is_handled(probe.instance, probe.sequence))
      last = &probe;
  return last == nullptr || last->ready; // no probe in between: nothing speaks against it
}

} // namespace

verdict::CheckResult check_processes(const Facts& facts) {
  verdict::CheckResult result{.name = "processes"};
  if (!facts.records_processes()) {
    result.applicable = false;
    result.reason = "the ends of processes were not recorded";
    return result;
  }
  for (const auto& event : facts.bundle.history.events) {
    const auto* process = event.as<ProcessEvent>();
    if (process == nullptr)
      continue;
    if (process->state == ProcessState::spawned)
      ++result.examined;
    if (process->state != ProcessState::ended || process->asked || process->starting)
      continue;
    const auto what = fmt::format("{} ended by itself at {:.3f}s ({})", process->instance,
                                  static_cast<double>(event.time.count()) / 1e9, how_it_ended(*process));
    if (still_serves(facts, *process, event.sequence))
      result.notes.push_back(what + ": it was a launcher, and what it had started serves on");
    else if (may_end(facts, process->instance))
      result.notes.push_back(what + ", as the scenario allows");
    else
      result.add("ended", {process->instance,
                           event.sequence,
                           event.time,
                           process->detail.empty() ? what : fmt::format("{}; its last line: {}", what, process->detail),
                           {}});
  }
  if (result.verdict == verdict::Verdict::pass)
    result.reason = fmt::format("of {}, none ended by itself{}", verdict::counted(result.examined, "start"),
                                result.notes.empty() ? "" : " that may not");
  return result;
}

Check processes_check() {
  return {.name = "processes",
          .about = "no process of the stack ends unless a step asks for it",
          .kinds = {{"ended", "the first process of an instance, or of a spawned server, ended by itself"}},
          .of_instances = true,
          .run = check_processes};
}

} // namespace holdfast::checks
