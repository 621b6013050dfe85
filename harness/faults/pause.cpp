// SIGSTOP to every process of the instances, SIGCONT when undone: a machine that stalls and comes back. Proven by the
// kernel's own process state.
#include "harness/faults/step.hpp"

#include "harness/async/deadline.hpp"
#include "harness/stack/listening.hpp"

#include <csignal>
#include <fmt/format.h>
#include <fstream>

namespace holdfast::faults {

namespace {

/// 'T' when stopped; see proc(5).
char state_of(int pid) {
  std::ifstream stream(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(stream, line);
  // The state follows the process's name in parentheses, and the name may itself hold spaces and parentheses.
  const auto end = line.rfind(')');
  return end == std::string::npos || end + 2 >= line.size() ? '?' : line[end + 2];
}

class Pause final : public Step {
public:
  explicit Pause(Target target) : target_(std::move(target)) {}

  asio::awaitable<void> strike() override {
    for (auto* instance : target_.instances)
      instance->signal_tree(SIGSTOP);
    // A signal that was sent has not been acted on yet: a process may be in the middle of a system call, and still
    // answer a request. The strike has only happened when each is seen to be stopped.
    const auto deadline = target_.clock.now() + std::chrono::seconds{1};
    while (!all_in('T') && target_.clock.now() < deadline)
      co_await target_.clock.wait_for(std::chrono::microseconds{200}); // the kernel tells only its parent
    stopped_ = all_in('T');
  }
  asio::awaitable<void> undo() override {
    for (auto* instance : target_.instances)
      instance->signal_tree(SIGCONT);
    co_return;
  }
  Proof proof() const override {
    if (target_.instances.empty())
      return {false, "there was no instance to pause"};
    Proof proof{stopped_, stopped_ ? fmt::format("{} process trees were in state T", target_.instances.size())
                                   : "a process was not seen to be stopped within 1s"};
    for (const auto* instance : target_.instances)
      proof.struck.push_back(instance->name());
    return proof;
  }

private:
  /// The shim itself is not looked at: it is the harness's, and must go on to report what happens to the tree.
  [[nodiscard]] bool all_in(char state) const {
    for (const auto* instance : target_.instances) {
      if (!instance->is_running())
        return false;
      for (const int pid : stack::process_tree(instance->shim_pid()))
        if (pid != instance->shim_pid() && state_of(pid) != state)
          return false;
    }
    return true;
  }

  Target target_;
  bool stopped_ = false;
};

} // namespace

StepKind pause_kind() {
  return {{.name = "pause",
           .nature = scenario::StepSchema::Nature::fault,
           .acts = scenario::StepSchema::Acts::on_instances,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .help = "SIGSTOP to the whole process tree of instances, SIGCONT after `for`"},
          [](Target target) { return std::make_unique<Pause>(std::move(target)); }};
}

} // namespace holdfast::faults
