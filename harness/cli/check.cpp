// holdfast check: judges a saved run again, from its files alone, or anybody's history by a model.
#include "harness/cli/check.hpp"

#include "harness/cli/command.hpp"
#include "harness/cli/output.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/standard_error.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <memory>

namespace holdfast::cli {

namespace {

/// The path that is meant: for history.jsonl in the folder of a run it is the folder, since the history is judged by
/// what the run's stack and scenario declare, and they are saved beside it.
std::string with_declarations(const std::filesystem::path& path) {
  std::error_code error;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const bool is_of_run = path.filename() == "history.jsonl" && std::filesystem::exists(folder / "run.json", error);
  return is_of_run ? folder.string() : path.string();
}

int check(CheckOptions options) {
  Output output(Output::Reader::may_leave);
  if (options.kinds) {
    output.write(kinds_table());
    return output.finish(0);
  }
  if (options.path.empty()) {
    text::to_standard_error("holdfast check: a run or a history is needed: holdfast check bundles/NAME\n");
    return status::wrong_usage;
  }
  options.path = with_declarations(options.path);
  std::error_code error;
  if (!std::filesystem::exists(options.path, error)) {
    text::to_standard_error(fmt::format("holdfast check: there is no '{}'\n", text::terminal(options.path)));
    return status::wrong_usage;
  }
  const auto said = std::filesystem::is_directory(options.path, error) ? check_bundle(options)
                                                                       : check_history(options, consistency::models());
  // The judgement is out before the errors are said, so that on a terminal they stand below it.
  output.write(said.out);
  output.flush();
  text::to_standard_error(said.error);
  return output.finish(said.status);
}

std::string model_help() {
  std::string text = "of a history:";
  for (const auto& model : consistency::models())
    text += fmt::format("\n  {}: {}", model.name, model.about);
  text += "\nof a bundle, which without one is judged as a whole:";
  for (const auto& name : bundle_models())
    text += " " + name;
  return text;
}

} // namespace

Command check_command() {
  auto options = std::make_shared<CheckOptions>();
  return {
      "check", "Judge a saved bundle again, from its files alone, or anybody's history by a model",
      [options](Arguments& arguments) {
        arguments.optional_place("history", options->path,
                                 "the directory of a run, or a history file: Jepsen's EDN or JSON, or Holdfast's own");
        arguments.option("--model", options->model, model_help());
        arguments.option("--consistency", options->level,
                         "the level that the history is held against: read-uncommitted to strict-serializable, or of "
                         "list-append, rw-register and set-full a session guarantee; without it the model's own");
        arguments.repeatable("--declare", options->declarations,
                             "KEY=VALUE: what the model must be told, as total=100 for the bank");
        offer_formats(arguments, options->format);
        arguments.option("--time-limit", options->time_limit, "of reading and search: 30s; beyond it is inconclusive");
        arguments.option("--memory-limit", options->memory_limit,
                         "of reading and search: 2GB; beyond it is inconclusive");
        arguments.flag("--kinds", options->kinds, "print every kind of finding and what it says");
        arguments.option("--explain", options->explain, "write the counterexample as a drawing to this HTML file");
      },
      [options] { return check(*options); }};
}

} // namespace holdfast::cli
