// When the steps of a scenario are due. Pure: times and states go in, nothing is done.
//
// All times are on the timeline, which stands still during checkpoints.
#pragma once

#include "harness/scenario/scenario.hpp"
#include "harness/scenario/step_schema.hpp"

#include <functional>

namespace holdfast::run {

using TimelineTime = scenario::Duration;

enum class StepState {
  waiting, ///< to begin
  armed,   ///< for its position
  running, ///< at work
  lasting, ///< in force
  ended
};

class Schedule {
public:
  /// `schemas` are those of the steps, in their order.
  Schedule(const scenario::Scenario& scenario, std::vector<scenario::StepSchema> schemas);

  [[nodiscard]] std::size_t size() const { return steps_.size(); }
  [[nodiscard]] StepState state(std::size_t step) const { return steps_[step].state; }

  // What happened to a step, and when.
  void arm(std::size_t step, TimelineTime now);
  void run(std::size_t step) { steps_[step].state = StepState::running; }
  void last(std::size_t step, TimelineTime now);
  void end(std::size_t step, TimelineTime now);
  /// Everything was read back, and users go on from here.
  void read_back(TimelineTime now) { resumed_at_ = now; }

  /// The step may begin now: its trigger is due, and it need not wait for something to be at risk.
  [[nodiscard]] bool is_due(std::size_t step, TimelineTime now) const;
  /// It would strike a stack that may still be idle after a checkpoint: it waits until the workload has run for
  /// `at_risk` and something was acknowledged on its path, at most until `wait_ends_at`, and until `end_wait` is
  /// called.
  [[nodiscard]] bool waits(std::size_t step, TimelineTime now) const;
  /// From here a `delay` counts.
  void end_wait(std::size_t step, TimelineTime now) { steps_[step].wait_end = now; }
  [[nodiscard]] TimelineTime waits_at_least_until() const;
  [[nodiscard]] TimelineTime wait_ends_at() const;
  [[nodiscard]] TimelineTime resumed_at() const { return resumed_at_.value_or(TimelineTime{}); }

  /// An armed step whose position was not reached in time.
  [[nodiscard]] bool has_expired(std::size_t step, TimelineTime now) const;
  /// A lasting step whose time is over.
  [[nodiscard]] bool must_undo(std::size_t step, TimelineTime now) const;
  using MustWait = std::function<bool(std::size_t step)>;
  /// Something is due by its own time, whether or not it must still wait for something to be at risk.
  [[nodiscard]] bool is_anything_due(TimelineTime now, const MustWait& must_wait) const;
  /// The next moment at which one of these changes by itself; nothing: only events change anything. `must_wait` says of
  /// a step that it is held up by an event that is still to come.
  [[nodiscard]] std::optional<TimelineTime> next(TimelineTime now, const MustWait& must_wait) const;

  [[nodiscard]] bool is_busy() const; ///< some step is at work or in force
  /// Nothing is left to begin or to undo by its own time.
  [[nodiscard]] bool has_ended() const;

private:
  struct Scheduled {
    const scenario::Step* step;
    scenario::StepSchema schema;
    StepState state = StepState::waiting;
    TimelineTime since{};                 ///< it has been armed, in force, or has ended
    std::optional<TimelineTime> wait_end; ///< after the last checkpoint
  };
  /// True once a step with `after = this` may begin: it has ended, or it lasts to the end of the run.
  [[nodiscard]] static bool has_happened(const Scheduled& one);
  /// When its trigger is due, apart from any wait; nothing: it is not known yet.
  [[nodiscard]] std::optional<TimelineTime> due(const Scheduled& one) const;
  [[nodiscard]] bool must_be_at_risk(const Scheduled& one) const;
  [[nodiscard]] const Scheduled* find(const std::string& id) const;

  const scenario::Scenario& scenario_;
  std::vector<Scheduled> steps_;
  std::optional<TimelineTime> resumed_at_; ///< after the last checkpoint; nothing: there was none
};

} // namespace holdfast::run
