// Changes of single keys in the configuration files of instances: config.set, config.unset, config.rename. Part of the
// stack's history, so not undone. Proven by the values, before and after; every other byte of a file stays.
#include "harness/faults/step.hpp"

#include "harness/text/escape.hpp"

#include <fmt/format.h>

namespace holdfast::faults {

namespace {

constexpr std::size_t longest_value = 60;

class ConfigChange final : public Step {
public:
  ConfigChange(Target target, config::Edit edit) : target_(std::move(target)), edit_(std::move(edit)) {}

  // One instance whose file cannot be edited does not keep the others from being changed; the first problem is what the
  // proof then says.
  asio::awaitable<void> strike() override {
    for (auto* instance : target_.instances) {
      auto done = instance->edit_config_file(edit_);
      if (!done) {
        if (problem_.empty())
          problem_ = instance->name() + ": " + done.error().message;
        continue;
      }
      if (!done->is_same())
        ++changed_;
      was_there_ = was_there_ || done->before.has_value();
      // An instance that changed is the better example; one that did not still says what stands there already.
      if (example_.empty() || !done->is_same())
        example_ = edit_.kind == config::Edit::Kind::rename
                       ? fmt::format("{} is called {}", edit_.key, edit_.to)
                       : fmt::format("{} = {} was {}", edit_.key, shown(done->after), shown(done->before));
    }
    co_return;
  }
  Proof proof() const override {
    if (!problem_.empty())
      return {false, problem_};
    if (target_.instances.empty())
      return {false, "there was no instance whose configuration it could change"};
    if (changed_ == 0)
      return {false, fmt::format("no configuration file changed: {} already", example_)};
    return {true, fmt::format("{} of {} instances changed: {}{}", changed_, target_.instances.size(), example_,
                              was_there_ ? "" : " (no file had this key before)")};
  }

private:
  [[nodiscard]] std::string shown(const std::optional<std::string>& value) const {
    if (!value)
      return "nothing";
    return text::one_line(target_.shown ? target_.shown(edit_.key, *value) : *value, longest_value);
  }

  Target target_;
  config::Edit edit_;
  std::size_t changed_ = 0;
  bool was_there_ = false;
  std::string example_;
  std::string problem_;
};

/// Shared by the step and by those who look at a planned change before it is played, so that both mean the same.
config::Edit edit_of(const scenario::Step& step, config::Edit::Kind kind) {
  return {kind, step.get<std::string>("key").value_or(""), step.get<config::Value>("value").value_or(config::Value{}),
          step.get<std::string>("to").value_or("")};
}

StepKind config_kind(std::string name, config::Edit::Kind kind, std::string help,
                     std::vector<scenario::KeySchema> keys) {
  keys.insert(keys.begin(), {"key", scenario::ValueType::string, true, "the key; a dotted path in TOML and JSON"});
  return {{.name = std::move(name),
           .nature = scenario::StepSchema::Nature::change,
           .acts = scenario::StepSchema::Acts::on_config,
           .help = std::move(help),
           .keys = std::move(keys)},
          [kind](Target target) {
            auto edit = edit_of(target.step, kind);
            return std::make_unique<ConfigChange>(std::move(target), std::move(edit));
          },
          [kind](const scenario::Step& step) { return edit_of(step, kind); }};
}

} // namespace

StepKind config_set_kind() {
  return config_kind("config.set", config::Edit::Kind::set, "set a key of the configuration on disk",
                     {{"value", scenario::ValueType::literal, true, "the new value"}});
}
StepKind config_unset_kind() {
  return config_kind("config.unset", config::Edit::Kind::unset, "remove a key from the configuration on disk", {});
}
StepKind config_rename_kind() {
  return config_kind("config.rename", config::Edit::Kind::rename, "rename a key of the configuration on disk",
                     {{"to", scenario::ValueType::string, true, "the new name of the key"}});
}

} // namespace holdfast::faults
