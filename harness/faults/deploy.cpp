// A release is laid over the instances: files change, processes run on. Proven when the configuration, the command or
// the environment changed and no process did.
#include "harness/faults/respawn.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::faults {

namespace {

/// `deploy` and `rollback` differ in which release is taken, how much of it, and who chooses to restart.
class Deploy final : public Step {
public:
  enum class What { release, configuration };

  Deploy(Target target, std::string release, What what)
      : target_(std::move(target)), release_(std::move(release)), what_(what),
        restarts_(target_.step.get<bool>("restart").value_or(false)),
        respawn_(target_, Ending::stop, Purpose::restore) {}

  // Changes only files and what the next start will run. Nothing here suspends, so all instances change at one moment;
  // restarts, where they are asked for, come in `follow_up`.
  asio::awaitable<void> strike() override {
    for (auto* instance : target_.instances) {
      const auto hash = instance->config_hash();
      const auto code = instance->code_release();
      const auto before = instance->code();
      const int pid = instance->pid();
      instance->write_config(release_);
      if (what_ == What::release)
        instance->use_code(release_);
      note_changes(*instance, hash, code, before);
      if (instance->pid() != pid)
        pid_moved_ = instance->name();
    }
    co_return;
  }
  asio::awaitable<void> follow_up() override {
    if (!restarts_)
      co_return;
    co_await respawn_.strike();
    co_await respawn_.up();
  }
  Proof proof() const override {
    if (!pid_moved_.empty())
      return {false, pid_moved_ + ": the process changed while files were laid out"};
    if (changed_ == 0)
      return {false, fmt::format("nothing changed: '{}' was there already", release_)};
    auto evidence = fmt::format("{} of {} instances changed to '{}' ({}), no process changed", changed_,
                                target_.instances.size(), release_, what_changed());
    if (!restarts_)
      return {true, evidence};
    // With restart = true both must be proven: that files changed, and that other processes run on them.
    auto restarted = respawn_.proof();
    restarted.evidence = evidence + "; then restarted: " + restarted.evidence;
    return restarted;
  }

private:
  [[nodiscard]] static bool names_release(const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(),
                       [](const std::string& word) { return word.find("{release}") != std::string::npos; });
  }
  void note_changes(const stack::Instance& instance, const std::string& hash, const std::string& code,
                    const scenario::ServiceRelease& before) {
    const bool config = instance.config_hash() != hash;
    const auto& now = instance.code();
    // Two releases may declare the same command, "bank --version {release}". What is started differs all the same,
    // because the placeholder is filled with the release's name.
    const bool renamed = instance.code_release() != code;
    const bool command = now.command != before.command || (renamed && names_release(now.command));
    bool environment = now.environment != before.environment;
    for (const auto& [key, value] : now.environment)
      environment = environment || (renamed && names_release({value}));
    configs_ += config ? 1 : 0;
    commands_ += command ? 1 : 0;
    environments_ += environment ? 1 : 0;
    changed_ += config || command || environment ? 1 : 0;
  }
  [[nodiscard]] std::string what_changed() const {
    std::string text;
    for (const auto& [count, name] :
         {std::pair{configs_, "configuration"}, {commands_, "command"}, {environments_, "environment"}})
      if (count > 0)
        text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", name, count);
    return text;
  }

  Target target_;
  std::string release_;
  What what_;
  bool restarts_;
  Respawn respawn_;
  std::size_t changed_ = 0, configs_ = 0, commands_ = 0, environments_ = 0;
  std::string pid_moved_;
};

} // namespace

StepKind deploy_kind() {
  return {{.name = "deploy",
           .nature = scenario::StepSchema::Nature::change,
           .acts = scenario::StepSchema::Acts::on_instances,
           .ends = scenario::StepSchema::Ends::processes_if_restart,
           .help = "lay a release's files over instances; processes run on unless restart = true",
           .keys = {{"release", scenario::ValueType::release, true, "the release to deploy"},
                    {"restart", scenario::ValueType::boolean, false, "restart the instances as well"}}},
          [](Target target) {
            auto release = target.text("release", "");
            return std::make_unique<Deploy>(std::move(target), std::move(release), Deploy::What::release);
          }};
}

StepKind rollback_kind() {
  return {{.name = "rollback",
           .nature = scenario::StepSchema::Nature::change,
           .acts = scenario::StepSchema::Acts::on_instances,
           .ends = scenario::StepSchema::Ends::processes_if_restart,
           .restores = true,
           .help = "go back to a release, or to its configuration alone",
           .keys = {{"what", scenario::ValueType::string, true, "what goes back", {"release", "configuration"}},
                    {"to", scenario::ValueType::release, false,
                     "the release to go back to (default: the one the stack started with)"},
                    {"restart", scenario::ValueType::boolean, false, "restart the instances as well"}}},
          [](Target target) {
            auto release = target.text("to", target.stack.initial_release);
            const auto what =
                target.text("what", "release") == "release" ? Deploy::What::release : Deploy::What::configuration;
            return std::make_unique<Deploy>(std::move(target), std::move(release), what);
          }};
}

} // namespace holdfast::faults
