// A graceful stop; the instances stay down until the fault is undone. The strike drains them and sends the stop signal,
// but does not wait for a service that handles it: its shutdown may need the very message that is held during the
// strike. `follow_up` waits for the end.
#include "harness/faults/respawn.hpp"

namespace holdfast::faults {

namespace {

class Stop final : public Step {
public:
  explicit Stop(Target target) : target_(std::move(target)), respawn_(target_, Ending::stop) {}

  asio::awaitable<void> strike() override { co_await respawn_.strike(); }
  asio::awaitable<void> follow_up() override {
    // Against the start order: an instance that uses another ends while the other is still there.
    for (auto instance = target_.instances.rbegin(); instance != target_.instances.rend(); ++instance) {
      (void)co_await (*instance)->stop();
      down_ = down_ && !(*instance)->is_running();
    }
  }
  asio::awaitable<void> undo() override { co_await respawn_.up(); }
  Proof proof() const override {
    if (target_.instances.empty())
      return {false, "there was no instance to stop"};
    if (!down_)
      return {false, "an instance was not seen to be gone"};
    return respawn_.proof();
  }

private:
  Target target_;
  Respawn respawn_;
  bool down_ = true;
};

} // namespace

StepKind stop_kind() {
  return {{.name = "stop",
           .nature = scenario::StepSchema::Nature::fault,
           .acts = scenario::StepSchema::Acts::on_instances,
           .lasting = scenario::StepSchema::Lasting::lasting,
           .ends = scenario::StepSchema::Ends::processes,
           .help = "the service's stop signal, SIGKILL at its deadline; started again after `for`"},
          [](Target target) { return std::make_unique<Stop>(std::move(target)); }};
}

} // namespace holdfast::faults
