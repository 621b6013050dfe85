// A restart as an operator does it: part of the stack's history, so it is not undone. Proven when another process
// answers that was seen to open its configuration file, or when the new process refused to start.
#include "harness/faults/respawn.hpp"

namespace holdfast::faults {

namespace {

class Restart final : public Step {
public:
  explicit Restart(Target target)
      : target_(std::move(target)), rolling_(target_.text("order", "together") == "rolling"),
        respawn_(target_, target_.text("how", "stop") == "kill" ? Ending::kill : Ending::stop, Purpose::replace,
                 retries_of(target_)) {}

  asio::awaitable<void> strike() override {
    // A rolling restart leaves the other hosts alone until the first is back: `follow_up` goes on with them.
    if (rolling_ && !target_.instances.empty())
      co_await respawn_.strike_first_host();
    else
      co_await respawn_.strike();
  }
  asio::awaitable<void> follow_up() override {
    if (rolling_)
      co_await respawn_.rolling();
    else
      co_await respawn_.up();
  }
  Proof proof() const override {
    if (target_.instances.empty())
      return {false, "there was no instance to restart"};
    return respawn_.proof();
  }

private:
  Target target_;
  bool rolling_;
  Respawn respawn_;
};

} // namespace

StepKind restart_kind() {
  auto keys = retry_keys();
  keys.push_back({"order", scenario::ValueType::string, false, "all at once or host by host", {"together", "rolling"}});
  keys.push_back({"how", scenario::ValueType::string, false, "how the old processes end", {"stop", "kill"}});
  return {{.name = "restart",
           .nature = scenario::StepSchema::Nature::change,
           .acts = scenario::StepSchema::Acts::on_instances,
           .ends = scenario::StepSchema::Ends::processes,
           .help = "stop instances and start what is deployed now",
           .keys = keys},
          [](Target target) { return std::make_unique<Restart>(std::move(target)); }};
}

} // namespace holdfast::faults
