#include "harness/bundle/bundle.hpp"

#include "harness/bundle/environment.hpp"
#include "harness/history/reader.hpp"
#include "harness/history/recorder.hpp"

#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fstream>
#include <regex>
#include <sstream>

namespace holdfast::bundle {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::pair<Ending, std::string_view>, 4> endings = {{{Ending::completed, "completed"},
                                                                         {Ending::interrupted, "interrupted"},
                                                                         {Ending::stack_failed, "stack-failed"},
                                                                         {Ending::harness_failed, "harness-failed"}}};

std::optional<std::string> read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return std::nullopt;
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

std::optional<Problem> write_text(const fs::path& file, std::string_view text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
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
  for (int number = 1; number < 100'000; ++number) {
    const auto directory = parent / (number == 1 ? name : fmt::format("{}.{}", name, number));
    if (fs::create_directory(directory, error)) {
      fs::create_directory(directory / "logs", error);
      if (!error)
        fs::create_directory(directory / "config", error);
      if (error)
        return Problem{fmt::format("cannot create {}: {}", directory.string(), error.message())};
      return directory;
    }
    if (error)
      return Problem{fmt::format("cannot create the bundle directory {}: {}", directory.string(), error.message())};
  }
  return Problem{fmt::format("there are too many bundles of {} in {}", name, parent.string())};
}

std::optional<Problem> save_sources(const fs::path& directory, const scenario::Scenario& scenario) {
  // What was read when the scenario was loaded, not what the files say by now.
  if (auto problem = write_text(directory / "scenario.toml", scenario.text))
    return problem;
  const auto* stack = &scenario.stack.text;
  static const std::regex file_line(R"re(file[ \t]*=[ \t]*("([^"]*)"|'([^']*)'))re");
  for (auto match = std::sregex_iterator(stack->begin(), stack->end(), file_line); match != std::sregex_iterator();
       ++match) {
    const auto name = (*match)[2].matched ? (*match)[2].str() : (*match)[3].str();
    const fs::path relative = fs::path(name).lexically_normal();
    if (relative.is_absolute() || relative.string().starts_with(".."))
      continue; // found where it was
    if (const auto content = read_text(fs::path(scenario.stack.file).parent_path() / relative)) {
      std::error_code error;
      fs::create_directories((directory / relative).parent_path(), error);
      if (auto problem = write_text(directory / relative, *content))
        return problem;
    }
  }
  return write_text(directory / "stack.toml", *stack);
}

std::optional<Problem> save_environment(const fs::path& directory, const std::string& version) {
  return write_text(directory / "environment.json", describe_environment(version));
}

namespace {

/// A reason may quote what a service printed.
json::value valid_utf8(const std::string& text) {
  std::string quoted;
  history::append_json_string(quoted, text);
  return json::parse(quoted);
}

} // namespace

std::optional<Problem> save_manifest(const fs::path& directory, const Manifest& manifest) {
  json::array settings;
  for (const auto& setting : manifest.settings)
    settings.push_back(json::object{{"key", setting.key}, {"value", setting.value}});
  std::string ending;
  for (const auto& [value, name] : endings)
    if (value == manifest.ending)
      ending = name;
  const json::object root{{"scenario", manifest.scenario},
                          {"seed", manifest.seed},
                          {"settings", settings},
                          {"version", manifest.version},
                          {"ending", ending},
                          {"reason", valid_utf8(manifest.reason)},
                          {"started", manifest.started},
                          {"took_ms", manifest.took.count() / 1'000'000}};
  return write_text(directory / "run.json", json::serialize(root) + "\n");
}

std::variant<Manifest, Problem> read_manifest(const fs::path& directory) {
  const auto file = directory / "run.json";
  const auto text = read_text(file);
  if (!text)
    return Problem{fmt::format("{} is no bundle: it has no run.json", directory.string())};
  boost::system::error_code error;
  const auto root = json::parse(*text, error);
  const auto* object = error ? nullptr : root.if_object();
  const auto get = [&](std::string_view key) { return object == nullptr ? nullptr : object->if_contains(key); };
  const auto* seed = get("seed");
  if (get("scenario") == nullptr || !get("scenario")->is_string() || seed == nullptr || !seed->is_number())
    return Problem{fmt::format("{} does not read as the description of a run", file.string())};
  const auto text_of = [&](std::string_view key) {
    return get(key) != nullptr && get(key)->is_string() ? std::string(get(key)->get_string()) : std::string{};
  };
  Manifest manifest;
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
      if (const auto* one = setting.if_object(); one != nullptr && one->contains("key") && one->contains("value"))
        manifest.settings.push_back(
            {std::string(one->at("key").as_string()), std::string(one->at("value").as_string())});
  return manifest;
}

std::variant<Bundle, Problem> read(const fs::path& directory, const scenario::Catalog& catalog) {
  auto manifest = read_manifest(directory);
  if (auto* problem = std::get_if<Problem>(&manifest))
    return *problem;
  Bundle bundle;
  bundle.manifest = std::get<Manifest>(std::move(manifest));
  auto settings = bundle.manifest.settings;
  settings.push_back({"scenario.stack", "stack.toml"}); // the copy's stack stands beside it
  auto loaded = scenario::load_scenario(directory / "scenario.toml", catalog, settings);
  if (!loaded.scenario)
    return Problem{"the bundle's scenario cannot be read:\n" + describe(loaded.diagnostics)};
  bundle.scenario = std::move(*loaded.scenario);
  auto history = history::read_history(directory);
  if (const auto* error = std::get_if<history::ReadError>(&history))
    return Problem{describe(*error)};
  bundle.history = std::get<history::History>(std::move(history));
  return bundle;
}

} // namespace holdfast::bundle
