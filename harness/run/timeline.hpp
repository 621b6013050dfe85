// Plays the steps of a scenario: what each does when it is due, what it holds, when it is undone, and the checkpoints
// between them. When that is, the schedule says.
#pragma once

#include "harness/link/gate.hpp"
#include "harness/run/recovery.hpp"
#include "harness/run/schedule.hpp"
#include "harness/run/stack_runtime.hpp"
#include "harness/workload/workload.hpp"

namespace holdfast::run {

class Timeline {
public:
  Timeline(asio::any_io_executor executor, async::Clock& clock, const Plan& plan, const Registry& registry,
           StackRuntime& stack, workload::Workload& workload, history::Recorder& recorder);
  ~Timeline();

  /// From the first arrival to the last checkpoint. The workload is quiesced when it returns.
  [[nodiscard]] asio::awaitable<void> play();
  /// Returns when no step is at work any more: the stack must have been told to go down.
  [[nodiscard]] asio::awaitable<void> settle();
  /// The steps that are in force, for people.
  [[nodiscard]] std::string in_force() const;
  [[nodiscard]] const std::string& phase() const { return phase_; }

private:
  struct Playing {
    const scenario::Step* step;
    const faults::StepKind* kind;
    std::unique_ptr<faults::Step> action;
    std::vector<stack::Instance*> targets; ///< since it began
    std::shared_ptr<link::Gate> gate;
    link::Link* gate_link = nullptr;
  };

  asio::awaitable<void> play_steps();
  asio::awaitable<void> act_on_due();
  asio::awaitable<void> read_back_if_idle();
  asio::awaitable<void> sleep_until_next();
  [[nodiscard]] bool must_wait(std::size_t number) const;
  void end_waits();
  [[nodiscard]] bool is_at_risk(const Playing& playing) const;
  void arm(std::size_t number);
  void expire(std::size_t number);
  asio::awaitable<void> begin(std::size_t number, std::string that);
  asio::awaitable<void> run_step(std::size_t number);
  void finish(std::size_t number);
  asio::awaitable<void> undo(bool everything);
  asio::awaitable<void> baseline();
  asio::awaitable<void> recover();
  asio::awaitable<void> checkpoint(std::string after, bool cold);
  void go_on();
  history::StepEvent event_of(const Playing& playing, history::StepEvent::State state) const;
  void note(const Playing& playing, history::StepEvent::State state) { recorder_.event(event_of(playing, state)); }
  [[nodiscard]] bool is_at_work_on(const stack::Instance& instance) const;
  void rethrow() const;

  asio::any_io_executor executor_;
  async::Clock& clock_;
  const Plan& plan_;
  StackRuntime& stack_;
  workload::Workload& workload_;
  history::Recorder& recorder_;
  Recovery recovery_;
  async::Event changed_;
  Schedule schedule_;
  std::vector<Playing> steps_;
  std::string phase_ = "start";
  std::string unchecked_after_; ///< the step since which there was no checkpoint; empty: none
  std::string recovering_from_;
  async::Time restored_at_{}; ///< the last step ended
  async::Time settled_at_{};  ///< recovery from it was waited for until then
  async::Time resumed_at_{};  ///< users go on since the last checkpoint
  int checkpoints_ = 0;
  int running_ = 0; ///< steps at work in the background
  std::uint64_t checked_operations_ = 0;
  bool left_good_ = false;
  bool restarting_all_ = false; ///< the cold restart is at work
  std::exception_ptr failure_;
};

} // namespace holdfast::run
