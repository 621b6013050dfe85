// The states of the steps and the arithmetic of their times. The timeline reports what happened to a step (`arm`,
// `run`, `last`, `end`) and asks what is due; this file does nothing to the stack and reads no clock, so that tests can
// play any course of events by calling it.
#include "harness/run/schedule.hpp"

#include <algorithm>

namespace holdfast::run {

using scenario::AfterStep;
using scenario::AtPosition;
using scenario::AtTime;
using scenario::StepSchema;

Schedule::Schedule(const scenario::Scenario& scenario, std::vector<StepSchema> schemas) : scenario_(scenario) {
  for (std::size_t i = 0; i < scenario.steps.size(); ++i)
    steps_.push_back({&scenario.steps[i], std::move(schemas.at(i))});
}

void Schedule::arm(std::size_t step, TimelineTime now) {
  steps_[step].state = StepState::armed;
  steps_[step].since = now;
}

void Schedule::last(std::size_t step, TimelineTime now) {
  steps_[step].state = StepState::lasting;
  steps_[step].since = now;
}

void Schedule::end(std::size_t step, TimelineTime now) {
  steps_[step].state = StepState::ended;
  steps_[step].since = now;
}

const Schedule::Scheduled* Schedule::find(const std::string& id) const {
  const auto found =
      std::find_if(steps_.begin(), steps_.end(), [&](const Scheduled& one) { return one.step->id == id; });
  return found == steps_.end() ? nullptr : &*found;
}

bool Schedule::has_happened(const Scheduled& one) {
  // A fault without `for` is in force until the run ends: if only its end counted, a step after it could never begin.
  return one.state == StepState::ended || (one.state == StepState::lasting && !one.step->lasts);
}

/// True for a step that strikes something: a fault, or a change that ends processes. It shows something only when users
/// were served shortly before it. A change that restores the stack, and one that ends no process, take nothing away and
/// need not wait. `at_risk = 0` in a scenario switches waiting off.
bool Schedule::must_be_at_risk(const Scheduled& one) const {
  if (scenario_.judge.at_risk.count() == 0 || one.schema.restores)
    return false;
  switch (one.schema.ends) {
  case StepSchema::Ends::processes:
    return true;
  case StepSchema::Ends::processes_if_restart:
    return one.step->get<bool>("restart").value_or(false);
  case StepSchema::Ends::nothing:
    break;
  }
  return one.schema.nature == StepSchema::Nature::fault;
}

std::optional<TimelineTime> Schedule::due(const Scheduled& one) const {
  if (const auto* at = std::get_if<AtTime>(&one.step->trigger))
    return at->at;
  if (const auto* when = std::get_if<AtPosition>(&one.step->trigger))
    return when->not_before;
  const auto& after = std::get<AfterStep>(one.step->trigger);
  const auto* other = find(after.step);
  if (other == nullptr || !has_happened(*other))
    return std::nullopt;
  // The delay counts from the later of the two: the end of the other step, and the end of the wait for something to be
  // at risk. Otherwise a checkpoint and its wait would eat up the delay, and the step would strike at once.
  return std::max(other->since, one.wait_end.value_or(other->since)) + after.delay;
}

bool Schedule::waits(std::size_t step, TimelineTime now) const {
  const auto& one = steps_[step];
  // Users have not gone on from a baseline or a checkpoint yet: there was no pause that the stack could be idle after.
  if (one.state != StepState::waiting || !resumed_at_ || !must_be_at_risk(one))
    return false;
  if (one.wait_end && *one.wait_end >= *resumed_at_)
    return false; // it has waited since the last checkpoint already
  if (const auto* after = std::get_if<AfterStep>(&one.step->trigger)) {
    const auto* other = find(after->step);
    // Not `due`, which adds the delay: the wait comes first, and the delay counts from its end.
    return other != nullptr && has_happened(*other);
  }
  const auto when = due(one);
  return when && now >= *when;
}

TimelineTime Schedule::waits_at_least_until() const {
  return resumed_at() + scenario_.judge.at_risk;
}

TimelineTime Schedule::wait_ends_at() const {
  // A stack that acknowledges nothing within the time it is given to recover will not do so soon: the step begins
  // anyway, and the history says that it waited in vain.
  return resumed_at() + std::max(scenario_.judge.recovery_deadline, scenario_.judge.at_risk);
}

bool Schedule::is_due(std::size_t step, TimelineTime now) const {
  const auto& one = steps_[step];
  const auto when = one.state == StepState::waiting ? due(one) : std::nullopt;
  return when && now >= *when && !waits(step, now);
}

bool Schedule::has_expired(std::size_t step, TimelineTime now) const {
  const auto& one = steps_[step];
  const auto* when = std::get_if<AtPosition>(&one.step->trigger);
  return one.state == StepState::armed && when != nullptr && now >= one.since + when->deadline;
}

bool Schedule::must_undo(std::size_t step, TimelineTime now) const {
  const auto& one = steps_[step];
  return one.state == StepState::lasting && one.step->lasts && now >= one.since + *one.step->lasts;
}

bool Schedule::is_anything_due(TimelineTime now, const MustWait& must_wait) const {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    // `due` and not `is_due`: this is what ends the recovery before a checkpoint when the next step is due. A wait for
    // something to be at risk ends only after that checkpoint, so recovery must not go on for its sake.
    const auto when = steps_[i].state == StepState::waiting && !must_wait(i) ? due(steps_[i]) : std::nullopt;
    if ((when && now >= *when) || has_expired(i, now) || must_undo(i, now))
      return true;
  }
  return false;
}

std::optional<TimelineTime> Schedule::next(TimelineTime now, const MustWait& must_wait) const {
  // A step that is running has no time of its own: its end is an event, which wakes whoever sleeps until `next`.
  std::optional<TimelineTime> soonest;
  const auto take = [&](std::optional<TimelineTime> when) {
    if (when)
      soonest = soonest ? std::min(*soonest, *when) : *when;
  };
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto& one = steps_[i];
    if (one.state == StepState::waiting && waits(i, now))
      take(now < waits_at_least_until() ? waits_at_least_until() : wait_ends_at());
    else if (one.state == StepState::waiting)
      take(must_wait(i) ? std::nullopt : due(one));
    else if (one.state == StepState::armed)
      take(one.since + std::get<AtPosition>(one.step->trigger).deadline);
    else if (one.state == StepState::lasting && one.step->lasts)
      take(one.since + *one.step->lasts);
  }
  return soonest;
}

bool Schedule::is_busy() const {
  return std::any_of(steps_.begin(), steps_.end(), [](const Scheduled& one) {
    return one.state == StepState::running || one.state == StepState::lasting;
  });
}

bool Schedule::has_ended() const {
  return std::all_of(steps_.begin(), steps_.end(), [](const Scheduled& one) { return has_happened(one); });
}

} // namespace holdfast::run
