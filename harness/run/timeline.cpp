// One loop (`play_steps`) begins the steps that are due, undoes those whose time is over, and reads everything back
// when no step is in force. A step at a position begins elsewhere: in the coroutine of the link whose message reached
// its gate. Only the strike of a step is awaited; its follow-up (readiness, respawn) runs beside the loop and notifies
// `changed_` when it ends.
#include "harness/run/timeline.hpp"

#include "harness/async/deadline.hpp"
#include "harness/async/either.hpp"
#include "harness/run/cold_restart.hpp"
#include "harness/scenario/path.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace holdfast::run {

using history::StepEvent;
using scenario::AtPosition;
using scenario::StepSchema;

namespace {

// A strike holds up the loop, or the message at a gate. One that takes longer than this, apart from the drain that its
// service declares, is reported as late.
constexpr async::Duration strike_deadline = std::chrono::seconds{10};

std::vector<StepSchema> schemas_of(const scenario::Scenario& scenario, const Registry& registry) {
  std::vector<StepSchema> schemas;
  for (const auto& step : scenario.steps)
    schemas.push_back(registry.steps.at(step.kind).schema);
  return schemas;
}

std::vector<std::string> names_of(const std::vector<stack::Instance*>& instances) {
  std::vector<std::string> names;
  for (const auto* instance : instances)
    names.push_back(instance->name());
  return names;
}

std::string link_of(const scenario::Step& step) {
  return step.get<std::string>("link").value_or("");
}

async::Duration longest_drain(const scenario::Stack& stack) {
  async::Duration longest{};
  for (const auto& service : stack.services)
    longest = std::max<async::Duration>(longest, service.balancer.drain);
  return longest;
}

} // namespace

Timeline::Timeline(asio::any_io_executor executor, async::Clock& clock, const Plan& plan, const Registry& registry,
                   StackRuntime& stack, workload::Workload& workload, history::Recorder& recorder)
    : executor_(executor), clock_(clock), plan_(plan), stack_(stack), workload_(workload), recorder_(recorder),
      recovery_(clock, plan.scenario, stack.router(), workload, recorder), changed_(executor),
      schedule_(plan.scenario, schemas_of(plan.scenario, registry)) {
  for (const auto& step : plan.scenario.steps)
    steps_.push_back({.step = &step, .kind = &registry.steps.at(step.kind)});
  stack_.is_in_a_step = [this](const stack::Instance& instance) { return is_at_work_on(instance); };
}

Timeline::~Timeline() = default;

void Timeline::rethrow() const {
  workload_.rethrow_failure();
  if (failure_)
    std::rethrow_exception(failure_);
}

std::string Timeline::in_force() const {
  std::string names;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (const auto state = schedule_.state(i); state == StepState::running || state == StepState::lasting)
      names += (names.empty() ? "" : ", ") + steps_[i].step->kind;
  return names;
}

StepEvent Timeline::event_of(const Playing& playing, StepEvent::State state) const {
  StepEvent event{.id = playing.step->id, .kind = playing.step->kind, .state = state};
  event.nature =
      playing.kind->schema.nature == StepSchema::Nature::fault ? StepEvent::Nature::fault : StepEvent::Nature::change;
  return event;
}

/// Asked by supervisors. A step on a link is at work on no instance: an instance that ends while its link is cut is
/// started again.
bool Timeline::is_at_work_on(const stack::Instance& instance) const {
  if (restarting_all_)
    return true;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto state = schedule_.state(i);
    if ((state == StepState::running || state == StepState::lasting) &&
        steps_[i].kind->schema.acts != StepSchema::Acts::on_link &&
        std::find(steps_[i].targets.begin(), steps_[i].targets.end(), &instance) != steps_[i].targets.end())
      return true;
  }
  return false;
}

asio::awaitable<void> Timeline::play() {
  phase_ = "steady state";
  workload_.resume();
  co_await recovery_.await_steady_state();
  co_await baseline();
  phase_ = "timeline";
  co_await play_steps();
  // From here to the last read nothing new is to happen: faults that last to the end are undone, the stack gets its
  // time to recover, queued operations are still sent. Then everything is read from a stack at rest.
  phase_ = "final reads";
  co_await undo(true);
  if (!recovering_from_.empty())
    co_await recover();
  co_await workload_.drain();
  co_await workload_.quiesce(); // what is in flight counts as well
  if (const auto within = plan_.scenario.stack.declare.payments_visible; within.count() > 0)
    co_await clock_.wait_for(within); // what the book does not show then is due
  // Reading everything twice shows nothing new: not where no operation and no step came after the last checkpoint.
  if (checkpoints_ == 0 || !unchecked_after_.empty() || checked_operations_ != workload_.live().total())
    co_await checkpoint(unchecked_after_, false);
  workload_.stop();
  co_await workload_.quiesce();
  // The workload is stopped for good, so that what is missing after the cold restart can only be the restart's doing.
  // Supervisors keep away meanwhile: they would start what is being stopped.
  if (plan_.scenario.cold_restart) {
    phase_ = "cold restart";
    restarting_all_ = true;
    const bool restarted = co_await cold_restart(stack_, recorder_);
    restarting_all_ = false;
    if (restarted) {
      settled_at_ = clock_.now();
      co_await checkpoint({}, true);
    }
  }
  phase_ = "stack down";
}

/// Users go on after the harness has looked: a step that would strike an idle stack waits from here.
void Timeline::go_on() {
  schedule_.read_back(workload_.timeline());
  resumed_at_ = clock_.now();
  workload_.resume();
}

asio::awaitable<void> Timeline::baseline() {
  // What the journey has read too seldom is read here, before the first step: a statement that the stack file describes
  // wrongly would otherwise show only after a step, and be blamed on it.
  if (workload_.has_baseline())
    co_return;
  using history::PhaseEvent;
  co_await workload_.quiesce();
  recorder_.event(PhaseEvent{PhaseEvent::Phase::baseline, PhaseEvent::State::began, {}});
  co_await workload_.read_baseline();
  recorder_.event(PhaseEvent{PhaseEvent::Phase::baseline, PhaseEvent::State::ended, {}});
  go_on();
}

/// On a slow machine a step may still be at work on an instance when the next one is due there. Were both to go on,
/// they would undo each other's work, and nothing would have been read back between them. Steps on links touch no
/// instance, and for a step at a position the loop only arms a gate: neither has to wait.
bool Timeline::must_wait(std::size_t number) const {
  const auto& playing = steps_[number];
  if (playing.kind->schema.acts == StepSchema::Acts::on_link ||
      std::holds_alternative<AtPosition>(playing.step->trigger))
    return false;
  const auto mine = stack_.select(playing.step->instances, {});
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (schedule_.state(i) == StepState::running && steps_[i].kind->schema.acts != StepSchema::Acts::on_link &&
        std::any_of(steps_[i].targets.begin(), steps_[i].targets.end(),
                    [&](const auto* one) { return std::find(mine.begin(), mine.end(), one) != mine.end(); }))
      return true;
  return false;
}

/// True when the stack has just acknowledged, on a host and path that the step strikes, a change that it could lose by
/// it. Without that the step would strike an idle stack, and surviving it would prove nothing.
bool Timeline::is_at_risk(const Playing& playing) const {
  const auto& scenario = plan_.scenario;
  const auto& stack = scenario.stack;
  const auto offers_change = [&](const auto& weighed) {
    return scenario::is_change(stack.operation(weighed.first)->role);
  };
  const auto& journey = scenario.workload.journey;
  if (std::none_of(journey.begin(), journey.end(), offers_change))
    return true; // users only read: no acknowledgement will come
  const scenario::Struck struck{names_of(stack_.select(playing.step->instances, {})), link_of(*playing.step)};
  // What was acknowledged before the last checkpoint does not count: the stack was idle since then, with time to store
  // it.
  const auto from = std::max(resumed_at_, clock_.now() - scenario.judge.at_risk);
  return workload_.live().acknowledged(from, [&](const std::string& operation, int host) {
    return scenario::hosts_on_path(stack, *stack.operation(operation), struck).contains(host);
  });
}

void Timeline::end_waits() {
  if (!unchecked_after_.empty() && !schedule_.is_busy())
    return; // there is a checkpoint first
  const auto now = workload_.timeline();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!schedule_.waits(i, now) || now < schedule_.waits_at_least_until())
      continue;
    const bool at_risk = is_at_risk(steps_[i]);
    if (!at_risk && now < schedule_.wait_ends_at())
      continue;
    schedule_.end_wait(i, now);
    auto event = event_of(steps_[i], StepEvent::State::waited);
    event.waited = std::chrono::duration_cast<history::Milliseconds>(now - schedule_.resumed_at());
    event.acknowledged = at_risk;
    recorder_.event(event);
  }
}

asio::awaitable<void> Timeline::play_steps() {
  const auto length = plan_.scenario.workload.length;
  // Without steps and without a length there would be no time in which the workload could show anything.
  const auto shortest =
      steps_.empty() && length == async::Duration{} ? async::Duration(std::chrono::seconds{1}) : length;
  for (;;) {
    // What a gated step or a follow-up threw ends the run here: nobody awaits their coroutines.
    rethrow();
    co_await act_on_due();
    co_await undo(false);
    if (!unchecked_after_.empty() && !schedule_.is_busy()) {
      co_await read_back_if_idle();
      continue;
    }
    if (!schedule_.has_ended())
      co_await sleep_until_next();
    else if (workload_.timeline() < shortest)
      (void)co_await async::until(clock_, clock_.now() + (shortest - workload_.timeline()), changed_.wait());
    else
      co_return;
  }
}

asio::awaitable<void> Timeline::act_on_due() {
  end_waits();
  const auto now = workload_.timeline();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!schedule_.is_due(i, now) || must_wait(i))
      continue;
    if (std::holds_alternative<AtPosition>(steps_[i].step->trigger)) {
      arm(i);
      continue;
    }
    // What the step before it did is read back first, if nothing else is in force: a loss that is found later could be
    // the doing of either. After the checkpoint the stack is idle, so this step may have to wait again.
    if (!unchecked_after_.empty() && !schedule_.is_busy()) {
      co_await checkpoint(unchecked_after_, false);
      if (schedule_.waits(i, workload_.timeline()))
        continue;
    }
    co_await begin(i, {});
  }
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (schedule_.has_expired(i, workload_.timeline()))
      expire(i);
}

/// Recovery also ends when another step begins at its gate. Then there is no checkpoint yet: reads would meet that
/// step's fault.
asio::awaitable<void> Timeline::read_back_if_idle() {
  if (!recovering_from_.empty())
    co_await recover();
  if (!schedule_.is_busy())
    co_await checkpoint(unchecked_after_, false);
}

asio::awaitable<void> Timeline::sleep_until_next() {
  const auto now = workload_.timeline();
  // Woken by every operation only where its acknowledgement may end a wait: at thousands of operations a second this
  // loop would otherwise do nothing else.
  bool awaits_acknowledgement = false;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    awaits_acknowledgement =
        awaits_acknowledgement || (schedule_.waits(i, now) && now >= schedule_.waits_at_least_until());
  auto event = [&]() -> asio::awaitable<void> {
    return awaits_acknowledgement ? async::either(changed_.wait(), workload_.completed().wait()) : changed_.wait();
  };
  const auto next = schedule_.next(now, [this](std::size_t number) { return must_wait(number); });
  if (!next)
    co_await event();
  else if (*next > now)
    (void)co_await async::until(clock_, clock_.now() + (*next - now), event());
}

void Timeline::arm(std::size_t number) {
  auto& playing = steps_[number];
  const auto& when = std::get<AtPosition>(playing.step->trigger);
  schedule_.arm(number, workload_.timeline());
  playing.gate_link = stack_.links().find(when.link);
  playing.gate = std::make_shared<link::Gate>(
      when.position, link::Match{when.operation, when.keys, when.nth},
      [this, number](const link::Message& message) -> asio::awaitable<link::Gate::Sender> {
        using Sender = link::Gate::Sender;
        if (schedule_.state(number) != StepState::armed)
          co_return Sender::lives; // the step expired while this message came to its gate
        auto event = event_of(steps_[number], StepEvent::State::position);
        event.peer = stack_.links().instance_at(*steps_[number].gate_link, message.peer);
        event.connection = message.connection;
        recorder_.event(event);
        // A request whose sender the strike has killed is never delivered: the gate stands for a crash before it was
        // sent. That is known only after the strike.
        const auto* sender = stack_.instance(message.peer); // null: it came from users
        co_await begin(number, event.peer);
        co_return sender == nullptr || sender->has_first_process() ? Sender::lives : Sender::gone;
      });
  playing.gate_link->add(std::shared_ptr<link::Tap>(playing.gate), {});
  note(playing, StepEvent::State::armed);
}

void Timeline::expire(std::size_t number) {
  auto& playing = steps_[number];
  const auto& when = std::get<AtPosition>(playing.step->trigger);
  playing.gate_link->remove(std::shared_ptr<link::Tap>(playing.gate));
  schedule_.end(number, workload_.timeline());
  const auto& unframed = playing.gate_link->unframed();
  auto event = event_of(playing, StepEvent::State::unproven);
  event.evidence = fmt::format(
      "its position was not reached within {}: {} matching requests passed on '{}', number {} was waited for",
      scenario::format_duration(when.deadline), playing.gate->seen(), when.link, when.nth);
  if (!unframed.empty())
    event.evidence += fmt::format("; messages could not be framed: {}", unframed);
  recorder_.event(event);
}

/// Strikes now and follows up in the background. A message that a gate holds moves when this returns: the follow-up
/// would keep it for as long as services take to start. `that` is the peer of the held message.
asio::awaitable<void> Timeline::begin(std::size_t number, std::string that) {
  auto& playing = steps_[number];
  const auto& step = *playing.step;
  // Resolved when the step begins: "that" instance is known only when its message has come.
  playing.targets = stack_.select(step.instances, that);
  auto* link = stack_.links().find(link_of(step));
  auto peers = link == nullptr ? link::Peers{} : stack_.links().peers(*link, step.instances, playing.targets);
  auto& router = stack_.router();
  playing.action = playing.kind->make(
      {.step = step,
       .stack = plan_.scenario.stack,
       .clock = clock_,
       .executor = executor_,
       .seed = plan_.seed,
       .instances = playing.targets,
       .link = link,
       .peers = std::move(peers),
       .drain = [&router](std::vector<stack::Instance*> all) { return router.drain(std::move(all)); },
       .await_routed = [&router](std::vector<stack::Instance*> all) { return router.await_routed(std::move(all)); },
       .shown = [this](const std::string& key, const std::string& value) { return stack_.shown(key, value); }});
  schedule_.run(number);
  recovering_from_ = step.id;
  if (step.checkpoint)
    unchecked_after_ = step.id;
  auto event = event_of(playing, StepEvent::State::began);
  event.instances = names_of(playing.targets);
  event.link = link_of(step);
  recorder_.event(event);
  // Before the strike: the bodies kept up to here are those that came before it.
  stack_.bodies().strike(step.id);
  try {
    if (!co_await async::until(clock_, clock_.now() + strike_deadline + longest_drain(plan_.scenario.stack),
                               playing.action->strike())) {
      auto late = event_of(playing, StepEvent::State::late);
      late.evidence = "the strike did not complete within " + scenario::format_duration(strike_deadline);
      recorder_.event(late);
    }
    // A strike that was too slow is cut off and the step goes on: whether it took effect is for its proof to say.
    note(playing, StepEvent::State::struck);
  } catch (...) {
    failure_ = std::current_exception();
    changed_.notify();
    co_return;
  }
  asio::co_spawn(executor_, run_step(number), asio::detached);
}

asio::awaitable<void> Timeline::run_step(std::size_t number) {
  auto& playing = steps_[number];
  ++running_;
  try {
    co_await playing.action->follow_up();
    // Remembered, since a later step may restore what the stack started with: a checkpoint says whether that is in
    // force, and whether it was ever left.
    left_good_ = left_good_ || !stack_.is_known_good();
    // A lasting fault that ended by itself and has no `for` is not in force any more: nothing is left to undo.
    const bool lasting = playing.kind->schema.lasting == StepSchema::Lasting::lasting;
    if (lasting && (playing.step->lasts || playing.action->is_in_force())) {
      schedule_.last(number, workload_.timeline());
      note(playing, StepEvent::State::in_force);
    } else {
      finish(number);
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
  --running_;
  changed_.notify();
}

asio::awaitable<void> Timeline::settle() {
  while (running_ > 0)
    co_await changed_.wait();
}

void Timeline::finish(std::size_t number) {
  auto& playing = steps_[number];
  if (playing.gate)
    playing.gate_link->remove(std::shared_ptr<link::Tap>(playing.gate));
  schedule_.end(number, workload_.timeline());
  // What struck the stack is over: recovery is measured from this moment.
  restored_at_ = clock_.now();
  settled_at_ = restored_at_;
  recovering_from_ = playing.step->id;
  if (playing.step->checkpoint)
    unchecked_after_ = playing.step->id;
  note(playing, StepEvent::State::ended);
  auto proof = playing.action->proof();
  auto event = event_of(playing, proof.proven ? StepEvent::State::proven : StepEvent::State::unproven);
  event.evidence = std::move(proof.evidence);
  event.struck = std::move(proof.struck);
  event.started = std::move(proof.started);
  recorder_.event(event);
}

asio::awaitable<void> Timeline::undo(bool everything) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (schedule_.state(i) != StepState::lasting || !(everything || schedule_.must_undo(i, workload_.timeline())))
      continue;
    schedule_.run(i);
    co_await steps_[i].action->undo();
    note(steps_[i], StepEvent::State::undone);
    finish(i);
  }
}

/// Waits until the stack has recovered, the deadline has passed, or the next step is due or begins at its gate. How it
/// went is in the history; a stack that has not recovered is read all the same.
asio::awaitable<void> Timeline::recover() {
  const auto is_disturbed = [this] {
    return failure_ != nullptr || schedule_.is_busy() ||
           schedule_.is_anything_due(workload_.timeline(), [this](std::size_t number) { return must_wait(number); });
  };
  co_await recovery_.await_recovery(std::exchange(recovering_from_, {}), restored_at_, is_disturbed, changed_);
  settled_at_ = clock_.now();
}

asio::awaitable<void> Timeline::checkpoint(std::string after, bool cold) {
  ++checkpoints_;
  const auto phase = std::exchange(phase_, fmt::format("checkpoint {}", checkpoints_));
  const auto describe = [&](history::CheckpointEvent::State state) {
    recorder_.event(history::CheckpointEvent{checkpoints_, state, after, cold, stack_.is_known_good(), left_good_});
  };
  co_await workload_.quiesce();
  stack_.bodies().write(); // no operation is open that writing would delay
  // Reads go where users are sent. An instance that is ready again and not yet routed would make them fail, though the
  // stack is well.
  co_await stack_.router().await_routed(stack_.instances());
  // The harness's own reads are no part of the stack's history: gates neither count nor hold them.
  for (const auto& playing : steps_)
    if (playing.gate)
      playing.gate->suspend();
  describe(history::CheckpointEvent::State::began);
  co_await workload_.read_back(checkpoints_, settled_at_);
  describe(history::CheckpointEvent::State::ended);
  // A step may have begun at its gate while the workload came to rest: its own checkpoint is still due.
  if (unchecked_after_ == after)
    unchecked_after_.clear();
  checked_operations_ = workload_.live().total();
  for (const auto& playing : steps_)
    if (playing.gate)
      playing.gate->resume();
  phase_ = phase;
  // After the last steps users do not go on: whatever they did then would be read by nobody.
  if (phase_ == "timeline")
    go_on();
}

} // namespace holdfast::run
