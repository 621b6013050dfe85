// config.replace: another text in the place of a configuration file, whatever its format. Part of the stack's history,
// so not undone: a `rollback` lays the release's own file over it. Proven by the bytes, before and after.
#include "harness/faults/step.hpp"

#include <fmt/format.h>

namespace holdfast::faults {

namespace {

class ConfigReplace final : public Step {
public:
  ConfigReplace(Target target, std::string text) : target_(std::move(target)), text_(std::move(text)) {}

  asio::awaitable<void> strike() override {
    for (auto* instance : target_.instances) {
      // Of the instances that are selected only those with a configuration file count, also in the evidence.
      if (!instance->code().config)
        continue;
      ++with_file_;
      // By hash, after the placeholders are filled: the text of the step alone does not say what each file will hold.
      const auto before = instance->config_hash();
      instance->replace_config(text_);
      if (instance->config_hash() == before)
        continue;
      if (++changed_ == 1)
        example_ = fmt::format("{} of {} is {} and was {}", instance->code().config->name, instance->name(),
                               instance->config_hash(), before);
    }
    co_return;
  }
  Proof proof() const override {
    if (with_file_ == 0)
      return {false, "there was no instance whose configuration it could replace"};
    if (changed_ == 0)
      return {false, "no configuration file changed: each had this text already"};
    return {true, fmt::format("{} of {} instances changed: {}", changed_, with_file_, example_)};
  }

private:
  Target target_;
  std::string text_;
  std::size_t with_file_ = 0, changed_ = 0;
  std::string example_;
};

} // namespace

StepKind config_replace_kind() {
  return {{.name = "config.replace",
           .nature = scenario::StepSchema::Nature::change,
           .acts = scenario::StepSchema::Acts::on_instances,
           .help = "lay another text over the configuration on disk",
           .keys = {{"text", scenario::ValueType::text_template, false, "the new text, with placeholders"},
                    {"file", scenario::ValueType::file_template, false, "the same, from a file beside the stack's"}},
           .one_of = {"text", "file"}},
          [](Target target) {
            auto text = target.text("text", target.text("file", ""));
            return std::make_unique<ConfigReplace>(std::move(target), std::move(text));
          }};
}

} // namespace holdfast::faults
