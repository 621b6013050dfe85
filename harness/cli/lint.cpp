// holdfast lint: reads scenarios and says everything that is wrong with them; runs nothing.
#include "harness/cli/command.hpp"
#include "harness/cli/registry.hpp"

#include <fmt/format.h>
#include <memory>
#include <set>

namespace holdfast::cli {

namespace {

struct LintOptions {
  std::vector<std::string> paths;
  std::vector<std::string> settings;
  std::vector<std::string> allowed_external;
};

/// What is no error and still deserves a word.
std::vector<std::string> remarks(const scenario::Scenario& scenario) {
  std::vector<std::string> all;
  for (const auto& step : scenario.steps)
    if (const auto* when = std::get_if<scenario::AtPosition>(&step.trigger); when != nullptr && when->keys.empty())
      all.push_back(fmt::format("{}:{}:{}: note: step '{}' is bound to the {}th '{}' on '{}' without a key: which one "
                                "that is depends on the order of arrival",
                                step.where.file, step.where.line, step.where.column, step.id, when->nth,
                                when->operation, when->link));
  return all;
}

int lint(const LintOptions& options) {
  const auto files = find_scenarios(options.paths);
  const auto settings = parse_settings(options.settings);
  if (!files || !settings)
    return wrong_usage;
  auto catalog = make_registry().catalog();
  catalog.allowed_external = options.allowed_external;
  std::size_t wrong = 0;
  std::set<std::string> said; // scenarios share stacks
  for (const auto& file : *files) {
    const auto loaded = scenario::load_scenario(file, catalog, *settings);
    if (!loaded.scenario) {
      ++wrong;
      bool any = false;
      for (const auto& diagnostic : loaded.diagnostics)
        if (const auto text = scenario::describe(diagnostic); said.insert(text).second)
          fmt::print(stderr, "{}", text), any = true;
      if (!any)
        fmt::print(stderr, "{}: has the errors of a stack that are told above\n", file.string());
      continue;
    }
    for (const auto& remark : remarks(*loaded.scenario))
      fmt::print("{}\n", remark);
    fmt::print("{}: ok\n", file.string());
  }
  if (wrong > 0)
    fmt::print(stderr, "{} of {} scenarios have errors\n", wrong, files->size());
  return wrong > 0 ? wrong_usage : 0;
}

} // namespace

Command lint_command() {
  auto options = std::make_shared<LintOptions>();
  return {"lint", "Read scenarios and say everything that is wrong with them",
          [options](Arguments& arguments) {
            arguments.places("paths", options->paths, "scenario files, or folders to search");
            arguments.repeatable("--set", options->settings, "KEY=VALUE: another value for a key of the scenario");
            arguments.repeatable("--allow-external", options->allowed_external, allow_external_help);
          },
          [options] { return lint(*options); }};
}

} // namespace holdfast::cli
