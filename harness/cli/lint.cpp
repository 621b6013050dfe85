// holdfast lint: reads scenarios and says everything that is wrong with them; runs nothing.
#include "harness/cli/command.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/registry.hpp"
#include "harness/cli/remarks.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/standard_error.hpp"

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

int lint(const LintOptions& options) {
  const auto files = find_scenarios(options.paths);
  const auto settings = parse_settings(options.settings);
  if (!files || !settings)
    return status::wrong_usage;
  const auto registry = make_registry();
  auto catalog = registry.catalog();
  catalog.allowed_external = options.allowed_external;
  Output output(Output::Reader::may_leave);
  std::size_t wrong = 0;
  std::set<std::string> said; // scenarios share stacks
  for (const auto& file : *files) {
    const auto loaded = scenario::load_scenario(file, catalog, *settings);
    if (!loaded.scenario) {
      ++wrong;
      // Of two scenarios on one stack the second repeats the stack's errors: they are told once, but it is still
      // counted and named.
      bool any = false;
      for (const auto& diagnostic : loaded.diagnostics)
        if (const auto text = scenario::describe(diagnostic); said.insert(text).second)
          text::to_standard_error(text), any = true;
      if (!any)
        text::to_standard_error(text::terminal(file.string()) + ": has the errors of a stack that are told above\n");
      continue;
    }
    // Remarks are the command's result, as "ok" is, and leave its status at 0.
    for (const auto& [where, text] : remarks(*loaded.scenario, registry))
      output.write(text::terminal(fmt::format("{}:{}:{}: note: {}", where.file, where.line, where.column, text)) +
                   "\n");
    output.write(text::terminal(file.string()) + ": ok\n");
  }
  if (wrong > 0)
    text::to_standard_error(fmt::format("{} of {} scenarios have errors\n", wrong, files->size()));
  return output.finish(wrong > 0 ? status::wrong_usage : 0);
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
