// Changes of single keys in the configuration files of instances: config.set, config.unset, config.rename. Part of the
// stack's history, so not undone. Proven by the files' hashes.
#include "harness/faults/step.hpp"

#include <fmt/format.h>

namespace holdfast::faults {

namespace {

class ConfigChange final : public Step {
public:
  ConfigChange(Target target, stack::ConfigEdit edit) : target_(std::move(target)), edit_(std::move(edit)) {}

  asio::awaitable<void> strike() override {
    for (auto* instance : target_.instances) {
      const auto before = instance->config_hash();
      if (auto done = instance->edit_config_file(edit_); !done) {
        if (problem_.empty())
          problem_ = instance->name() + ": " + done.error().message;
      } else if (instance->config_hash() != before) {
        ++changed_;
      }
    }
    co_return;
  }
  Proof proof() const override {
    if (!problem_.empty())
      return {false, problem_};
    if (changed_ == 0)
      return {false, fmt::format("no configuration file changed by '{}'", edit_.key)};
    return {true, fmt::format("{} configuration files have another hash", changed_)};
  }

private:
  Target target_;
  stack::ConfigEdit edit_;
  std::size_t changed_ = 0;
  std::string problem_;
};

StepKind config_kind(std::string name, stack::ConfigEdit::Kind kind, std::string help,
                     std::vector<scenario::KeySchema> keys) {
  keys.insert(keys.begin(), {"key", scenario::ValueType::string, true, "the key; a dotted path in TOML and JSON"});
  return {{.name = std::move(name),
           .nature = scenario::StepSchema::Nature::change,
           .acts = scenario::StepSchema::Acts::on_config,
           .help = std::move(help),
           .keys = std::move(keys)},
          [kind](Target target) {
            stack::ConfigEdit edit{kind, target.text("key", ""), target.text("value", target.text("to", ""))};
            return std::make_unique<ConfigChange>(std::move(target), std::move(edit));
          }};
}

} // namespace

StepKind config_set_kind() {
  return config_kind("config.set", stack::ConfigEdit::Kind::set, "set a key of the configuration on disk",
                     {{"value", scenario::ValueType::string, true, "the new value"}});
}
StepKind config_unset_kind() {
  return config_kind("config.unset", stack::ConfigEdit::Kind::unset, "remove a key from the configuration on disk", {});
}
StepKind config_rename_kind() {
  return config_kind("config.rename", stack::ConfigEdit::Kind::rename, "rename a key of the configuration on disk",
                     {{"to", scenario::ValueType::string, true, "the new name of the key"}});
}

} // namespace holdfast::faults
