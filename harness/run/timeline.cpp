#include "harness/run/timeline.hpp"

#include "harness/async/deadline.hpp"
#include "harness/async/together.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace holdfast::run {

namespace {

constexpr async::Duration strike_deadline = std::chrono::seconds{10};
constexpr async::Duration look = std::chrono::milliseconds{5}; ///< live counters are looked at no more often

} // namespace

Timeline::Timeline(asio::any_io_executor executor, async::Clock& clock, const Plan& plan, const Registry& registry,
                   StackRuntime& stack, workload::Workload& workload, history::Recorder& recorder)
    : executor_(executor), clock_(clock), plan_(plan), stack_(stack), workload_(workload), recorder_(recorder),
      changed_(executor) {
  for (const auto& step : plan.scenario.steps)
    steps_.push_back({&step, &registry.steps.at(step.kind)});
}

Timeline::~Timeline() = default;

void Timeline::rethrow() const {
  workload_.rethrow_failure();
  if (failure_)
    std::rethrow_exception(failure_);
}

std::string Timeline::in_force() const {
  std::string names;
  for (const auto& playing : steps_)
    if (playing.state == State::running || playing.state == State::lasting)
      names += (names.empty() ? "" : ", ") + playing.step->kind;
  return names;
}

void Timeline::note(const Playing& playing, const std::string& state, history::Values more) {
  more.set("id", playing.step->id);
  more.set("kind", playing.step->kind);
  more.set("state", state);
  more.set("nature", playing.kind->schema.nature == scenario::StepSchema::Nature::fault ? "fault" : "change");
  recorder_.event("step", more);
}

Timeline::Playing* Timeline::find(const std::string& id) {
  for (auto& playing : steps_)
    if (playing.step->id == id)
      return &playing;
  return nullptr;
}

asio::awaitable<void> Timeline::play() {
  phase_ = "steady state";
  workload_.resume();
  co_await steady_state();
  phase_ = "timeline";
  co_await play_steps();
  phase_ = "final reads";
  co_await undo_due(true);
  if (!recovering_from_.empty())
    co_await recover();
  co_await workload_.drain();
  co_await workload_.quiesce(); // what is in flight counts as well
  if (checkpoints_ == 0 || !unchecked_after_.empty() || checked_operations_ != workload_.live().total())
    co_await checkpoint(unchecked_after_);
  workload_.stop();
  co_await workload_.quiesce();
  co_await cold_restart();
  phase_ = "stack down";
}

asio::awaitable<void> Timeline::steady_state() {
  const auto& scenario = plan_.scenario;
  const auto begin = clock_.now();
  recorder_.event("phase", {{"name", "steady"}, {"state", "began"}});
  while (workload_.timeline() < scenario.workload.steady) {
    rethrow();
    co_await clock_.wait_for(std::min<async::Duration>(scenario.workload.steady - workload_.timeline(), look * 4));
  }
  // Nothing may have succeeded yet at a slow rate: wait for the first success, at most once more as long, and a second.
  const auto deadline = clock_.now() + scenario.workload.steady + std::chrono::seconds{1};
  while (!workload_.live().take_steady_state(begin) && clock_.now() < deadline) {
    rethrow();
    (void)co_await async::until(clock_, deadline, workload_.completed().wait());
  }
  const bool reached = workload_.live().take_steady_state(begin);
  recorder_.event("phase", {{"name", "steady"}, {"state", reached ? "reached" : "missed"}});
}

/// A fault that is in force until the end has happened as far as others can wait for it.
bool Timeline::has_happened(const Playing& playing) {
  return playing.state == State::ended || (playing.state == State::lasting && !playing.step->lasts);
}

/// On a slow machine a step may still be at work on an instance when the next one is due there: two would undo each
/// other's work, and nothing would have been read back between them.
bool Timeline::must_wait(const Playing& playing) const {
  using Acts = scenario::StepSchema::Acts;
  if (playing.kind->schema.acts == Acts::on_link || std::holds_alternative<scenario::AtPosition>(playing.step->trigger))
    return false;
  const auto mine = stack_.select(playing.step->instances, {});
  return std::any_of(steps_.begin(), steps_.end(), [&](const Playing& other) {
    return other.state == State::running && other.kind->schema.acts != Acts::on_link &&
           std::any_of(other.targets.begin(), other.targets.end(),
                       [&](const auto* one) { return std::find(mine.begin(), mine.end(), one) != mine.end(); });
  });
}

bool Timeline::is_due(const Playing& playing, async::Time now) const {
  if (playing.state != State::waiting || must_wait(playing))
    return false;
  if (const auto* at = std::get_if<scenario::AtTime>(&playing.step->trigger))
    return now >= at->at;
  if (const auto* when = std::get_if<scenario::AtPosition>(&playing.step->trigger))
    return now >= when->not_before;
  const auto& after = std::get<scenario::AfterStep>(playing.step->trigger);
  for (const auto& other : steps_)
    if (other.step->id == after.step)
      return has_happened(other) && now >= other.ended_at + after.delay;
  return false;
}

std::optional<async::Time> Timeline::next_due() const {
  std::optional<async::Time> next;
  const auto take = [&](async::Time when) { next = next ? std::min(*next, when) : when; };
  for (const auto& playing : steps_) {
    if (playing.state == State::waiting && !must_wait(playing)) {
      if (const auto* at = std::get_if<scenario::AtTime>(&playing.step->trigger))
        take(at->at);
      if (const auto* when = std::get_if<scenario::AtPosition>(&playing.step->trigger))
        take(when->not_before);
      if (const auto* after = std::get_if<scenario::AfterStep>(&playing.step->trigger))
        for (const auto& other : steps_)
          if (other.step->id == after->step && has_happened(other))
            take(other.ended_at + after->delay);
    }
    if (playing.state == State::armed)
      take(playing.armed_at + std::get<scenario::AtPosition>(playing.step->trigger).deadline);
    if (playing.state == State::lasting && playing.step->lasts)
      take(playing.undo_at);
  }
  return next;
}

bool Timeline::is_busy() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const Playing& one) { return one.state == State::running || one.state == State::lasting; });
}

asio::awaitable<void> Timeline::play_steps() {
  const auto length = plan_.scenario.workload.length;
  const auto shortest =
      steps_.empty() && length == async::Duration{} ? async::Duration(std::chrono::seconds{1}) : length;
  for (;;) {
    rethrow();
    const auto now = workload_.timeline();
    for (auto& playing : steps_) {
      if (!is_due(playing, now))
        continue;
      if (std::holds_alternative<scenario::AtPosition>(playing.step->trigger)) {
        arm(playing);
        continue;
      }
      // What the step before it did is read back first, if nothing else is in force.
      if (!unchecked_after_.empty() && !is_busy())
        co_await checkpoint(unchecked_after_);
      co_await begin(playing, {});
    }
    for (auto& playing : steps_)
      if (playing.state == State::armed &&
          workload_.timeline() >= playing.armed_at + std::get<scenario::AtPosition>(playing.step->trigger).deadline)
        expire(playing);
    co_await undo_due(false);
    if (!unchecked_after_.empty() && !is_busy()) {
      if (!recovering_from_.empty())
        co_await recover();
      if (!is_busy())
        co_await checkpoint(unchecked_after_);
      continue;
    }
    const bool all_ended = std::all_of(steps_.begin(), steps_.end(), [](const Playing& one) {
      return one.state == State::ended || (one.state == State::lasting && !one.step->lasts);
    });
    if (all_ended && workload_.timeline() >= shortest)
      co_return;
    auto wake = next_due();
    if (all_ended)
      wake = shortest;
    if (wake && *wake <= workload_.timeline()) {
      continue; // whatever is due is acted upon at the top
    } else if (wake) {
      (void)co_await async::until(clock_, clock_.now() + (*wake - workload_.timeline()), changed_.wait());
    } else {
      co_await changed_.wait();
    }
  }
}

void Timeline::arm(Playing& playing) {
  const auto& when = std::get<scenario::AtPosition>(playing.step->trigger);
  playing.state = State::armed;
  playing.armed_at = workload_.timeline();
  playing.gate_link = stack_.link(when.link);
  playing.gate = std::make_shared<link::Gate>(
      when.position, link::Match{when.operation, when.keys, when.nth},
      [this, &playing](const link::Message& message) -> asio::awaitable<void> {
        if (playing.state != State::armed)
          co_return; // it has expired meanwhile
        const auto peer = stack_.instance_at(*playing.gate_link, message.peer);
        note(playing, "position", {{"peer", peer}, {"connection", std::to_string(message.connection)}});
        co_await begin(playing, peer);
      });
  playing.gate_link->add(std::shared_ptr<link::Tap>(playing.gate), {});
  note(playing, "armed");
}

void Timeline::expire(Playing& playing) {
  const auto& when = std::get<scenario::AtPosition>(playing.step->trigger);
  playing.gate_link->remove(std::shared_ptr<link::Tap>(playing.gate));
  playing.state = State::ended;
  playing.ended_at = workload_.timeline();
  const auto& unframed = playing.gate_link->unframed();
  auto why = fmt::format(
      "its position was not reached within {}: {} matching requests passed on '{}', number {} was waited for",
      scenario::format_duration(when.deadline), playing.gate->seen(), when.link, when.nth);
  if (!unframed.empty())
    why += fmt::format("; messages could not be framed: {}", unframed);
  note(playing, "unproven", {{"evidence", why}});
}

/// Strikes now, follows up in the background: a held message moves when this returns.
asio::awaitable<void> Timeline::begin(Playing& playing, const std::string& that) {
  const auto& step = *playing.step;
  auto targets = stack_.select(step.instances, that);
  std::string names;
  for (const auto* instance : targets)
    names += (names.empty() ? "" : ",") + instance->name();
  auto* link = stack_.link(step.get<std::string>("link").value_or(""));
  auto peers = link == nullptr ? link::Peers{} : stack_.peers(*link, step.instances, targets);
  playing.targets = targets;
  playing.action = playing.kind->make(
      {step, plan_.scenario.stack, clock_, executor_, plan_.seed, std::move(targets), link, std::move(peers)});
  playing.state = State::running;
  recovering_from_ = step.id;
  if (step.checkpoint)
    unchecked_after_ = step.id;
  note(playing, "began", {{"instances", names}, {"link", step.get<std::string>("link").value_or("")}});
  stack_.bodies().strike(step.id);
  try {
    if (!co_await async::until(clock_, clock_.now() + strike_deadline, playing.action->strike()))
      note(playing, "late", {{"evidence", "the strike did not complete within 10s"}});
    note(playing, "struck");
  } catch (...) {
    failure_ = std::current_exception();
    changed_.notify();
    co_return;
  }
  asio::co_spawn(executor_, run_step(playing, that), asio::detached);
}

asio::awaitable<void> Timeline::run_step(Playing& playing, std::string) {
  ++running_;
  try {
    co_await playing.action->follow_up();
    const bool lasting = playing.kind->schema.lasting == scenario::StepSchema::Lasting::lasting;
    left_good_ = left_good_ || !stack_.is_known_good();
    if (lasting && (playing.step->lasts || playing.kind->schema.acts == scenario::StepSchema::Acts::on_link ||
                    playing.step->kind == "pause" || playing.step->kind == "stop" ||
                    !playing.step->get<bool>("respawn").value_or(true))) {
      playing.state = State::lasting;
      playing.ended_at = workload_.timeline();
      playing.undo_at = workload_.timeline() + playing.step->lasts.value_or(async::Duration{});
      note(playing, "in force");
    } else {
      co_await finish(playing);
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

asio::awaitable<void> Timeline::finish(Playing& playing) {
  if (playing.gate)
    playing.gate_link->remove(std::shared_ptr<link::Tap>(playing.gate));
  playing.state = State::ended;
  playing.ended_at = workload_.timeline();
  restored_at_ = clock_.now();
  recovering_from_ = playing.step->id;
  if (playing.step->checkpoint)
    unchecked_after_ = playing.step->id;
  note(playing, "ended");
  judge(playing);
  co_return;
}

void Timeline::judge(Playing& playing) {
  const auto proof = playing.action->proof();
  note(playing, proof.proven ? "proven" : "unproven", {{"evidence", proof.evidence}});
}

asio::awaitable<void> Timeline::undo_due(bool everything) {
  for (auto& playing : steps_) {
    if (playing.state != State::lasting)
      continue;
    const bool due = playing.step->lasts && workload_.timeline() >= playing.undo_at;
    if (!due && !everything)
      continue;
    playing.state = State::running;
    co_await playing.action->undo();
    note(playing, "undone");
    co_await finish(playing);
  }
}

/// Waits until the stack has recovered, the deadline has passed, or the next step is due.
asio::awaitable<void> Timeline::recover() {
  const auto& judge = plan_.scenario.judge;
  const auto deadline = clock_.now() + std::max(judge.recovery_deadline,
                                                plan_.scenario.expect.recovery_within.value_or(async::Duration{}));
  const auto after = std::exchange(recovering_from_, {});
  const auto begin = restored_at_;
  const auto routed = [this](const std::string& name) {
    const auto* instance = stack_.instance(name);
    if (instance == nullptr)
      return true; // "none": an operation that found no instance at all
    return plan_.scenario.workload.routing == scenario::Routing::pinned || instance->is_ready();
  };
  for (;;) {
    rethrow();
    const auto now = clock_.now();
    const auto from = now - judge.recovery_window;
    if (from >= begin && workload_.live().recovered(from, judge.recovery_ratio, routed)) {
      recorder_.event(
          "recovery",
          {{"after", after}, {"state", "recovered"}, {"took_ms", std::to_string((from - begin).count() / 1'000'000)}});
      co_return;
    }
    const auto due = next_due();
    const bool interrupted = is_busy() || (due && *due <= workload_.timeline());
    if (now >= deadline || interrupted) {
      recorder_.event("recovery", {{"after", after},
                                   {"state", interrupted ? "next step" : "not recovered"},
                                   {"took_ms", std::to_string((now - begin).count() / 1'000'000)}});
      co_return;
    }
    workload_.live().forget_before(from - judge.recovery_window);
    const auto next_look =
        std::clamp<async::Duration>(judge.recovery_window / 4, std::chrono::milliseconds{1}, look * 4);
    (void)co_await async::until(clock_, std::min(deadline, now + next_look), changed_.wait());
  }
}

asio::awaitable<void> Timeline::checkpoint(std::string after) {
  ++checkpoints_;
  const auto phase = std::exchange(phase_, fmt::format("checkpoint {}", checkpoints_));
  const auto describe = [&](const std::string& state) {
    recorder_.event("checkpoint", {{"number", std::to_string(checkpoints_)},
                                   {"state", state},
                                   {"after", after},
                                   {"restored", stack_.is_known_good() ? "yes" : "no"},
                                   {"left", left_good_ ? "yes" : "no"}});
  };
  co_await workload_.quiesce();
  stack_.bodies().write(); // nothing waits for the loop now
  // The harness's own reads are no part of the stack's history: gates neither count nor hold them.
  for (const auto& playing : steps_)
    if (playing.gate)
      playing.gate->suspend();
  describe("began");
  co_await workload_.read_back(checkpoints_);
  describe("ended");
  if (unchecked_after_ == after)
    unchecked_after_.clear();
  checked_operations_ = workload_.live().total();
  for (const auto& playing : steps_)
    if (playing.gate)
      playing.gate->resume();
  phase_ = phase;
  if (phase_ == "timeline" || phase_ == "steady state")
    workload_.resume();
}

asio::awaitable<void> Timeline::stop(stack::Instance& instance) {
  (void)co_await instance.stop();
}

asio::awaitable<void> Timeline::start_again(stack::Instance& instance) {
  const auto started = co_await instance.start();
  if (started.how != stack::Started::How::ready)
    recorder_.event("warning", {{"instance", instance.name()},
                                {"text", fmt::format("{} did not come up again after the cold restart: {}",
                                                     instance.name(), started.detail)}});
}

asio::awaitable<void> Timeline::cold_restart() {
  if (!plan_.scenario.cold_restart)
    co_return;
  phase_ = "cold restart";
  const auto all = stack_.instances();
  for (const auto* instance : all) {
    if (!instance->has_pending_change())
      continue;
    // It would start what nobody has started yet: that would be a change of its own.
    recorder_.event("phase", {{"name", "cold restart"},
                              {"state", "skipped"},
                              {"reason", instance->name() + " has a deployment that was never started"}});
    co_return;
  }
  recorder_.event("phase", {{"name", "cold restart"}, {"state", "began"}});
  const auto services = stack::by_service(all);
  for (auto service = services.rbegin(); service != services.rend(); ++service)
    co_await async::together(*service, [this](stack::Instance* one) { return stop(*one); });
  for (const auto& service : services)
    co_await async::together(service, [this](stack::Instance* one) { return start_again(*one); });
  recorder_.event("phase", {{"name", "cold restart"}, {"state", "ended"}});
  co_await checkpoint("cold restart");
}

} // namespace holdfast::run
