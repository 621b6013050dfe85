// Plays the steps of a scenario: when each begins, what it holds, when it is undone, and the checkpoints between them.
#pragma once

#include "harness/link/gate.hpp"
#include "harness/run/stack_runtime.hpp"
#include "harness/workload/workload.hpp"

#include <set>

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
  enum class State { waiting, armed, running, lasting, ended };
  struct Playing {
    const scenario::Step* step;
    const faults::StepKind* kind;
    State state = State::waiting;
    std::unique_ptr<faults::Step> action;
    std::vector<stack::Instance*> targets; ///< since it began
    std::shared_ptr<link::Gate> gate;
    link::Link* gate_link = nullptr;
    async::Time armed_at{};
    async::Time undo_at{};  ///< lasting ones with a duration
    async::Time ended_at{}; ///< on the timeline
  };

  asio::awaitable<void> steady_state();
  asio::awaitable<void> play_steps();
  [[nodiscard]] static bool has_happened(const Playing& playing);
  [[nodiscard]] bool is_due(const Playing& playing, async::Time now) const;
  [[nodiscard]] bool must_wait(const Playing& playing) const;
  [[nodiscard]] std::optional<async::Time> next_due() const;
  void arm(Playing& playing);
  void expire(Playing& playing);
  asio::awaitable<void> begin(Playing& playing, const std::string& that);
  asio::awaitable<void> run_step(Playing& playing, std::string that);
  asio::awaitable<void> finish(Playing& playing);
  asio::awaitable<void> undo_due(bool everything);
  asio::awaitable<void> recover();
  asio::awaitable<void> checkpoint(std::string after);
  asio::awaitable<void> cold_restart();
  asio::awaitable<void> stop(stack::Instance& instance);
  asio::awaitable<void> start_again(stack::Instance& instance);
  void judge(Playing& playing);
  void note(const Playing& playing, const std::string& state, history::Values more = {});
  [[nodiscard]] bool is_busy() const;
  [[nodiscard]] Playing* find(const std::string& id);
  void rethrow() const;

  asio::any_io_executor executor_;
  async::Clock& clock_;
  const Plan& plan_;
  StackRuntime& stack_;
  workload::Workload& workload_;
  history::Recorder& recorder_;
  async::Event changed_;
  std::vector<Playing> steps_;
  std::string phase_ = "start";
  std::string unchecked_after_; ///< the step since which there was no checkpoint; empty: none
  std::string recovering_from_;
  async::Time restored_at_{};
  int checkpoints_ = 0;
  int running_ = 0; ///< steps at work in the background
  std::uint64_t checked_operations_ = 0;
  bool left_good_ = false;
  std::exception_ptr failure_;
};

} // namespace holdfast::run
