// A bundle is made before the run begins, filled while it goes on, and read again to judge it, possibly years later and
// by another version. So it holds the texts of the scenario as they were read, says in which format its files are, and
// after a complete run how many lines they must have.
#include "harness/bundle/bundle.hpp"

#include "harness/bundle/environment.hpp"
#include "harness/bundle/masked_sources.hpp"
#include "harness/history/reader.hpp"
#include "harness/scenario/configurations.hpp"
#include "harness/text/escape.hpp"
#include "harness/text/input_file.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <toml++/toml.h>

namespace holdfast::bundle {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::pair<Ending, std::string_view>, 4> endings = {{{Ending::completed, "completed"},
                                                                         {Ending::interrupted, "interrupted"},
                                                                         {Ending::stack_failed, "stack-failed"},
                                                                         {Ending::harness_failed, "harness-failed"}}};

std::optional<Problem> write_text(const fs::path& file, std::string_view text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  ::chmod(file.c_str(), 0600); // before anything is in it; a file that cannot be made is reported below
  stream << text;
  stream.flush();
  if (!stream)
    return Problem{fmt::format("cannot write {}", file.string())};
  return std::nullopt;
}

} // namespace

std::variant<fs::path, Problem> create(const fs::path& parent, const std::string& name) {
  std::error_code error;
  fs::create_directories(parent, error);
  if (error)
    return Problem{fmt::format("cannot create the bundle directory {}: {}", parent.string(), error.message())};
  // mkdir(2) decides which run gets a name: two that begin at the same time never share a folder.
  for (int number = 1; number < 100'000; ++number) {
    const auto directory = parent / (number == 1 ? name : fmt::format("{}.{}", name, number));
    // For the user alone: a bundle holds what services said, and not all of it need be masked.
    if (::mkdir(directory.c_str(), 0700) == 0) {
      for (const auto* part : {"logs", "config"})
        if (::mkdir((directory / part).c_str(), 0700) != 0)
          return Problem{fmt::format("cannot create {}: {}", (directory / part).string(), std::strerror(errno))};
      return directory;
    }
    if (errno != EEXIST)
      return Problem{
          fmt::format("cannot create the bundle directory {}: {}", directory.string(), std::strerror(errno))};
  }
  return Problem{fmt::format("there are too many bundles of {} in {}", name, parent.string())};
}

namespace {

/// The templates of configurations, which a stack names with `file`, at whatever depth of the TOML they stand.
void add_files(const toml::node& node, std::vector<std::string>& names) {
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) {
      if (key.str() == "file" && value.is_string())
        names.push_back(value.as_string()->get());
      add_files(value, names);
    }
  } else if (const auto* array = node.as_array()) {
    for (const auto& value : *array)
      add_files(value, names);
  }
}

constexpr auto extended_copy = "extended.toml"; ///< copy of the scenario that the played one extends

std::vector<std::string> files_of(const std::string& stack) {
  std::vector<std::string> names;
  try {
    add_files(toml::parse(stack), names);
  } catch (const std::exception&) { // the loader has read these texts already: what does not parse here names no file
  }
  return names;
}

} // namespace

std::optional<Problem> save_sources(const fs::path& directory, const scenario::Scenario& scenario,
                                    const history::Secrets& secrets) {
  // The texts as they were read when the scenario was loaded: somebody may have edited the files since.
  if (auto problem = write_text(directory / "scenario.toml", masked_toml(scenario.text, secrets)))
    return problem;
  if (!scenario.extended_text.empty())
    if (auto problem = write_text(directory / extended_copy, masked_toml(scenario.extended_text, secrets)))
      return problem;
  // Templates are read a second time here, since the loader keeps only their text. All three texts may name some: a
  // scenario can lay its own configurations over those of the stack.
  for (const auto& text : {scenario.stack.text, scenario.text, scenario.extended_text})
    for (const auto& name : files_of(text)) {
      const auto copy = directory / scenario::copied_as(name);
      const auto read = text::read_file(fs::path(scenario.stack.file).parent_path() / name);
      if (const auto* content = std::get_if<std::string>(&read)) {
        std::error_code error;
        fs::create_directories(copy.parent_path(), error);
        if (auto problem = write_text(copy, secrets.mask(*content)))
          return problem;
      }
    }
  return write_text(directory / "stack.toml", masked_toml(scenario.stack.text, secrets));
}

std::optional<Problem> save_environment(const fs::path& directory, const std::string& version) {
  return write_text(directory / "environment.json", describe_environment(version));
}

namespace {

/// A reason may quote what a service printed, which need not be UTF-8; JSON must be, or no program reads the manifest.
json::value valid_utf8(const std::string& text) {
  std::string quoted;
  text::append_json(quoted, text);
  return json::parse(quoted);
}

} // namespace

std::optional<Problem> save_manifest(const fs::path& directory, const Manifest& manifest,
                                     const history::Secrets& secrets) {
  json::array settings;
  for (const auto& setting : manifest.settings)
    settings.push_back(json::object{
        {"key", setting.key},
        {"value", secrets.is_secret_name(setting.key) ? secrets.mark(setting.value) : secrets.mask(setting.value)}});
  std::string ending;
  for (const auto& [value, name] : endings)
    if (value == manifest.ending)
      ending = name;
  json::object root{{"format", manifest.format},
                    {"scenario", manifest.scenario},
                    {"seed", manifest.seed},
                    {"settings", settings},
                    {"version", manifest.version},
                    {"ending", ending},
                    {"reason", valid_utf8(secrets.mask(manifest.reason))},
                    {"started", manifest.started},
                    {"took_ms", manifest.took.count() / 1'000'000}};
  if (manifest.ending == Ending::completed)
    root["lines"] = json::object{
        {"history", manifest.lines.history}, {"events", manifest.lines.events}, {"probes", manifest.lines.probes}};
  // Written beside it and then put in its place: a reader finds the old manifest or the new one, never half of one,
  // also when the worker is killed here.
  if (auto problem = write_text(directory / ".run.json.new", json::serialize(root) + "\n"))
    return problem;
  std::error_code error;
  fs::rename(directory / ".run.json.new", directory / "run.json", error);
  return error ? std::optional(
                     Problem{fmt::format("cannot write {}: {}", (directory / "run.json").string(), error.message())})
               : std::nullopt;
}

std::variant<Manifest, Problem> read_manifest(const fs::path& directory) {
  const auto file = directory / "run.json";
  const auto text = text::read_file(file);
  if (const auto* unreadable = std::get_if<text::Unreadable>(&text))
    return Problem{fmt::format("{} is no bundle: of its run.json, {}", directory.string(), unreadable->why)};
  boost::system::error_code error;
  const auto root = json::parse(std::get<std::string>(text), error);
  const auto* object = error ? nullptr : root.if_object();
  // Every field but the scenario and the seed may be missing: older versions did not write all of them. What is missing
  // keeps the value that a `Manifest` has by itself; an ending that is missing or unknown is a failure of the harness.
  const auto get = [&](std::string_view key) { return object == nullptr ? nullptr : object->if_contains(key); };
  const auto* seed = get("seed");
  if (get("scenario") == nullptr || !get("scenario")->is_string() || seed == nullptr || !seed->is_number())
    return Problem{fmt::format("{} does not read as the description of a run", file.string())};
  const auto text_of = [&](std::string_view key) {
    return get(key) != nullptr && get(key)->is_string() ? std::string(get(key)->get_string()) : std::string{};
  };
  Manifest manifest;
  const auto number_of = [&](const json::value* value) -> std::uint64_t {
    return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(error) : 0;
  };
  manifest.format = get("format") != nullptr ? static_cast<int>(number_of(get("format"))) : 1;
  if (const auto* lines = get("lines"); lines != nullptr && lines->is_object()) {
    const auto& counts = lines->get_object();
    manifest.lines = {number_of(counts.if_contains("history")), number_of(counts.if_contains("events")),
                      number_of(counts.if_contains("probes"))};
  }
  manifest.scenario = text_of("scenario");
  manifest.seed = seed->to_number<std::uint64_t>(error);
  manifest.version = text_of("version");
  manifest.reason = text_of("reason");
  manifest.started = text_of("started");
  if (const auto* took = get("took_ms"); took != nullptr && took->is_int64())
    manifest.took = std::chrono::milliseconds(took->get_int64());
  for (const auto& [value, name] : endings)
    if (name == text_of("ending"))
      manifest.ending = value;
  if (const auto* settings = get("settings"); settings != nullptr && settings->is_array())
    for (const auto& setting : settings->get_array())
      if (const auto* one = setting.if_object()) {
        const auto* key = one->if_contains("key");
        const auto* value = one->if_contains("value");
        if (key == nullptr || value == nullptr || !key->is_string() || !value->is_string())
          return Problem{fmt::format("the bundle is damaged: a setting in {} is no key and value", file.string()),
                         true};
        manifest.settings.push_back({std::string(key->get_string()), std::string(value->get_string())});
      }
  return manifest;
}

namespace {

/// What is missing of the files of a complete run, as a part of a sentence; nothing where all is there. Without this a
/// bundle that has lost its last lines would pass for a run in which nothing went wrong.
std::optional<std::string> damage(const Manifest& manifest, const history::History& history) {
  if (manifest.ending != Ending::completed)
    return std::nullopt;
  // A run that did not complete may have been killed in the middle of a line; one that did has written all of them.
  if (history.truncated)
    return "the last line of a file is cut";
  if (manifest.format == 1) { // the first format counted no lines: look for the last event
    const bool ended = std::any_of(history.events.begin(), history.events.end(), [](const history::Event& event) {
      const auto* phase = event.as<history::PhaseEvent>();
      return phase != nullptr && phase->phase == history::PhaseEvent::Phase::end;
    });
    return ended && !history.operations.empty() ? std::nullopt
                                                : std::optional<std::string>("its files end before the run did");
  }
  for (const auto& [file, written, found] : {std::tuple{"history.jsonl", manifest.lines.history, history.lines.history},
                                             {"events.jsonl", manifest.lines.events, history.lines.events},
                                             {"probes.jsonl", manifest.lines.probes, history.lines.probes}})
    if (written != found)
      return fmt::format("{} has {} lines, and {} were written", file, found, written);
  return std::nullopt;
}

} // namespace

std::variant<Bundle, Problem> read(const fs::path& directory, const scenario::Catalog& catalog) {
  auto manifest = read_manifest(directory);
  if (auto* problem = std::get_if<Problem>(&manifest))
    return *problem;
  Bundle bundle;
  bundle.directory = directory;
  bundle.manifest = std::get<Manifest>(std::move(manifest));
  if (bundle.manifest.format > Manifest::current_format)
    return Problem{
        fmt::format("{} was written by a later version of holdfast ({}): its format is {}, this one reads up to {}",
                    directory.string(), bundle.manifest.version, bundle.manifest.format, Manifest::current_format)};
  // The settings of the run are laid over the copies as they were laid over the originals.
  auto settings = bundle.manifest.settings;
  settings.push_back({"scenario.stack", "stack.toml"}); // the scenario may name another path: its copy is beside it
  if (std::error_code error; fs::exists(directory / extended_copy, error))
    settings.push_back({"scenario.extends", extended_copy});
  auto loaded = scenario::load_scenario(directory / "scenario.toml", catalog, settings);
  if (!loaded.scenario)
    return Problem{"the bundle's scenario cannot be read:\n" + describe(loaded.diagnostics)};
  bundle.scenario = std::move(*loaded.scenario);
  auto history = history::read_history(directory);
  if (const auto* error = std::get_if<history::ReadError>(&history))
    return Problem{fmt::format("the bundle is damaged: {}", describe(*error)), true};
  bundle.history = std::get<history::History>(std::move(history));
  if (const auto why = damage(bundle.manifest, bundle.history))
    return Problem{fmt::format("the bundle {} is damaged: its run came to its end, and {}", directory.string(), *why),
                   true};
  return bundle;
}

history::Secrets secrets_of(const Bundle& bundle) {
  using Policy = history::Secrets::Policy;
  // Runs of the first format recorded secrets as they were: those are masked when they are shown.
  return history::Secrets(bundle.manifest.format < 2 ? Policy::mask : Policy::keep,
                          bundle.scenario.stack.declare.secret_names);
}

} // namespace holdfast::bundle
