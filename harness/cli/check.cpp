// holdfast check: judges a saved run again, from its files alone, or anybody's history by a model.
#include "harness/cli/check.hpp"

#include "harness/cli/command.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

namespace holdfast::cli {

namespace {

/// A run's history is judged with what was declared, which stands beside it.
std::string with_declarations(const std::filesystem::path& path) {
  std::error_code error;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const bool is_of_run = path.filename() == "history.jsonl" && std::filesystem::exists(folder / "run.json", error);
  return is_of_run ? folder.string() : path.string();
}

int check(CheckOptions options) {
  options.path = with_declarations(options.path);
  std::error_code error;
  if (!std::filesystem::exists(options.path, error)) {
    fmt::print(stderr, "holdfast check: there is no '{}'\n", options.path);
    return wrong_usage;
  }
  const auto said = std::filesystem::is_directory(options.path, error) ? check_bundle(options)
                                                                       : check_history(options, consistency::models());
  fmt::print("{}", said.out);
  fmt::print(stderr, "{}", said.error);
  return said.status;
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
  return {"check", "Judge a saved bundle again, from its files alone, or anybody's history by a model",
          [options](Arguments& arguments) {
            arguments.place("history", options->path,
                            "the directory of a run, or a history file: Jepsen's EDN or JSON, or Holdfast's own");
            arguments.option("--model", options->model, model_help());
            arguments.option(
                "--consistency", options->level,
                "the level that the history is held against: read-uncommitted to strict-serializable, or of "
                "list-append, rw-register and set-full a session guarantee; without it the model's own");
            arguments.repeatable("--declare", options->declarations,
                                 "KEY=VALUE: what the model must be told, as total=100 for the bank");
            arguments.choice("--format", options->format, {"human", "json"}, "human or json");
            arguments.option("--time-limit", options->time_limit, "of the search: 30s; beyond it is inconclusive");
            arguments.option("--memory-limit", options->memory_limit, "of the search: 2GB; beyond it is inconclusive");
            arguments.option("--explain", options->explain, "write the counterexample as a drawing to this HTML file");
          },
          [options] { return check(*options); }};
}

} // namespace holdfast::cli
