// holdfast check HISTORY --model MODEL: anybody's history, held against one model.
#include "harness/cli/check.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/jepsen/reader.hpp"
#include "harness/scenario/diagnostic.hpp"
#include "harness/scenario/load.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/output_file.hpp"
#include "reports/judgement.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <new>
#include <unistd.h>

namespace holdfast::cli {

using consistency::Model;

namespace {

Said said_wrong(const std::string& sentence) {
  return {.status = status::wrong_usage, .error = fmt::format("holdfast check: {}\n", text::terminal(sentence))};
}

std::string unknown(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  return fmt::format("there is no {} '{}': {}", what, name, scenario::suggest(name, known));
}

std::vector<std::string> names_of(const std::vector<Model>& models) {
  std::vector<std::string> names;
  for (const auto& model : models)
    names.push_back(model.name);
  return names;
}

/// The bytes of "500MB" or "2GB", in powers of 1024; nothing when it is no size.
std::optional<std::size_t> parse_size(std::string_view text) {
  double amount = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (error != std::errc{} || !(amount > 0) || amount > 1e9)
    return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const auto& [name, scale] : {std::pair{"KB", 10}, {"MB", 20}, {"GB", 30}, {"TB", 40}})
    if (unit == name)
      return static_cast<std::size_t>(amount * static_cast<double>(std::size_t{1} << scale));
  return std::nullopt;
}

/// What the command line asks, or what is wrong with it: where several things are, the one that was found last.
struct Asked {
  const Model* model = nullptr;
  consistency::Question question;
  consistency::Limits limits;
  std::string problem;
};

void read_declarations(const std::vector<std::string>& texts, Asked& asked) {
  std::vector<std::string> known;
  for (const auto& declaration : asked.model->declarations)
    known.push_back(declaration.substr(0, declaration.find(':')));
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    const auto key = text.substr(0, equals);
    if (equals == std::string::npos || key.empty())
      asked.problem = fmt::format("--declare {}: write KEY=VALUE, as total=100", text);
    else if (known.empty())
      asked.problem = fmt::format("the model {} needs no declaration, and '{}' is given", asked.model->name, key);
    else if (std::find(known.begin(), known.end(), key) == known.end())
      asked.problem = unknown("declaration", key, known);
    else
      asked.question.declarations[key] = text.substr(equals + 1);
  }
}

/// A level that other models have is no misspelling: the message names those models then.
std::string unknown_level(const Model& model, const std::string& level, const std::vector<Model>& models) {
  std::vector<std::string> having;
  for (const auto& other : models)
    if (std::find(other.levels.begin(), other.levels.end(), level) != other.levels.end())
      having.push_back(other.name);
  return having.empty() ? unknown("consistency level of " + model.name, level, model.levels)
                        : fmt::format("{} cannot be judged at the consistency level '{}'; models that can: {}",
                                      model.name, level, fmt::join(having, ", "));
}

Asked read(const CheckOptions& options, const std::vector<Model>& models) {
  Asked asked;
  if (options.model.empty()) {
    asked.problem =
        fmt::format("a history is judged by a model: --model, one of {}", fmt::join(names_of(models), ", "));
    return asked;
  }
  const auto found =
      std::find_if(models.begin(), models.end(), [&](const Model& model) { return model.name == options.model; });
  if (found == models.end()) {
    asked.problem = unknown("model", options.model, names_of(models));
    return asked;
  }
  asked.model = &*found;
  const auto& levels = found->levels;
  asked.question.consistency = options.level;
  if (!options.level.empty() && levels.empty())
    asked.problem = fmt::format("the model {} has no consistency levels", found->name);
  else if (!options.level.empty() && std::find(levels.begin(), levels.end(), options.level) == levels.end())
    asked.problem = unknown_level(*found, options.level, models);
  read_declarations(options.declarations, asked);
  if (const auto time = scenario::parse_duration(options.time_limit); time && time->count() > 0)
    asked.limits.time = *time;
  else
    asked.problem = fmt::format("--time-limit {}: write a duration, as 30s or 2m", options.time_limit);
  if (const auto memory = parse_size(options.memory_limit))
    asked.limits.memory = *memory;
  else
    asked.problem = fmt::format("--memory-limit {}: write a size, as 500MB or 2GB", options.memory_limit);
  return asked;
}

bool is_bundle_model(const std::string& name) {
  return std::find(bundle_models().begin(), bundle_models().end(), name) != bundle_models().end();
}

/// As for runs: pass, fail, inconclusive.
int status_of(consistency::Validity validity) {
  return validity == consistency::Validity::valid ? 0 : validity == consistency::Validity::invalid ? 1 : 2;
}

} // namespace

Said check_history(const CheckOptions& options, const std::vector<Model>& models) {
  // The checks of a run need what its stack declares and the events beside its history, which a file alone does not
  // have.
  if (is_bundle_model(options.model))
    return said_wrong(
        fmt::format("{} is judged from the directory of a run, and {} is a file", options.model, options.path));
  if (options.format != "human" && options.format != "json")
    return said_wrong(fmt::format("a judgement of a history is told as human or json, not as {}", options.format));
  // What is wrong with the command line is said before the history is read, which may take long.
  const auto asked = read(options, models);
  if (!asked.problem.empty())
    return said_wrong(asked.problem);
  // The limits of time and memory hold for reading and judging together. Beyond them, as without memory, nothing is
  // known of the history: it is inconclusive, with the reason, and no failure of the harness.
  consistency::Budget budget(asked.limits);
  consistency::History judged;
  consistency::Result result;
  try {
    auto history = jepsen::read_file(options.path, budget);
    if (const auto* error = std::get_if<jepsen::ReadError>(&history))
      return {.status = status::wrong_usage, .error = text::terminal(jepsen::describe(*error)) + "\n"};
    if (auto* read = std::get_if<consistency::History>(&history)) {
      judged = std::move(*read);
      result = asked.model->check(judged, asked.question, budget);
    } else {
      result.reason = std::get<jepsen::OutOfBudget>(history).reason + " while the history was read";
    }
  } catch (const std::bad_alloc&) {
    result.reason = "there is no more memory";
  }
  // The first level of a model is the one that it is judged by when none is asked for.
  const auto& levels = asked.model->levels;
  const reports::Judgement judgement{.file = options.path,
                                     .model = asked.model->name,
                                     .level = options.level.empty() && !levels.empty() ? levels[0] : options.level,
                                     .history = judged,
                                     .result = result};
  Said said{.status = status_of(result.validity)};
  const auto colour = isatty(STDOUT_FILENO) != 0 ? reports::Colour::on : reports::Colour::off;
  said.out =
      options.format == "json" ? reports::judgement_json(judgement) : reports::judgement_terminal(judgement, colour);
  // A page that cannot be written is the harness's failure, but a verdict that failed outweighs it.
  if (!options.explain.empty())
    if (const auto problem = text::write_file(options.explain, reports::judgement_html(judgement))) {
      said.error = fmt::format("holdfast check: {}\n", *problem);
      if (said.status != status::failed)
        said.status = status::harness_failed;
    }
  return said;
}

} // namespace holdfast::cli
