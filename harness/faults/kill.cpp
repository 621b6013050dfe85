// SIGKILL to every process of the instances, and, unless told otherwise, a start in their place, as a supervisor does
// it. Proven by the shims' exit: a shim waits for its instance's whole tree, and ends after it.
#include "harness/faults/respawn.hpp"

#include <fmt/format.h>

namespace holdfast::faults {

namespace {

class Kill final : public Step {
public:
  explicit Kill(Target target)
      : target_(std::move(target)), respawn_(target_, Ending::kill, Purpose::kill, retries_of(target_)),
        comes_back_(target_.step.get<bool>("respawn").value_or(true)) {}

  asio::awaitable<void> strike() override {
    co_await respawn_.strike();
    for (const auto* instance : target_.instances)
      gone_ = gone_ && !instance->is_running();
    struck_ = true;
  }
  asio::awaitable<void> follow_up() override {
    if (comes_back_)
      co_await respawn_.up();
  }
  asio::awaitable<void> undo() override {
    if (!comes_back_)
      co_await respawn_.up();
  }
  // With respawn = true the fault ends by itself when the instances are up again. With respawn = false they stay down
  // until `undo` starts them.
  bool is_in_force() const override { return !comes_back_; }
  Proof proof() const override {
    if (target_.instances.empty())
      return {false, "there was no instance to kill"};
    // `struck_` is still false when the strike was cut off at its deadline.
    if (!struck_ || !gone_)
      return {false, "a process tree was not seen to be gone"};
    return respawn_.proof();
  }

private:
  Target target_;
  Respawn respawn_;
  bool comes_back_;
  bool struck_ = false;
  bool gone_ = true;
};

} // namespace

StepKind kill_kind() {
  auto keys = retry_keys();
  keys.push_back({"respawn", scenario::ValueType::boolean, false, "start them again at once (default true)"});
  return {{.name = "kill",
           .nature = scenario::StepSchema::Nature::fault,
           .acts = scenario::StepSchema::Acts::on_instances,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .ends = scenario::StepSchema::Ends::processes,
           .help = "SIGKILL to the whole process tree of instances; they are started again at once, or after `for` "
                   "with respawn = false",
           .keys = keys},
          [](Target target) { return std::make_unique<Kill>(std::move(target)); }};
}

} // namespace holdfast::faults
