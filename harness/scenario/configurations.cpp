#include "harness/scenario/configurations.hpp"

#include "harness/scenario/placeholders.hpp"

namespace holdfast::scenario {

std::vector<std::string> releases_in_force(const Stack& stack, const std::vector<Step>& steps) {
  std::vector<std::string> releases = {stack.initial_release};
  // Kinds of steps are not known in this room: whichever takes a `release` may put it into force.
  for (const auto& step : steps)
    if (const auto found = step.arguments.find("release"); found != step.arguments.end())
      if (const auto* name = std::get_if<std::string>(&found->second))
        releases.push_back(*name);
  return releases;
}

std::optional<ConfigFile> config_of(const Stack& stack, const std::string& release, const std::string& service) {
  const auto* of_release = stack.release(release);
  if (of_release == nullptr)
    return std::nullopt;
  const auto found = of_release->services.find(service);
  if (found == of_release->services.end() || !found->second.config)
    return std::nullopt;
  auto config = *found->second.config;
  // Addresses and ports are known only in a run. "1" can stand for any of them, as a number and within quotes as a
  // text, so that the file is of its format and can be looked at.
  config.text = substitute(config.text, [](std::string_view) { return std::optional<std::string>("1"); });
  return config;
}

std::filesystem::path copied_as(const std::string& file) {
  std::filesystem::path copy = "holdfast-templates";
  for (const auto& part : std::filesystem::path(file).lexically_normal())
    copy /= part == "/" ? "root" : part == ".." ? "up" : part;
  return copy;
}

std::filesystem::path template_path(const std::filesystem::path& stack_file, const std::string& file) {
  const auto folder = stack_file.parent_path();
  std::error_code error; // what cannot be looked at is no copy
  return std::filesystem::exists(folder / copied_as(file), error) ? folder / copied_as(file) : folder / file;
}

std::vector<std::string> template_names(const Stack& stack) {
  std::vector<std::string> names = {"bin", "config", "dir", "stack", "host", "address", "port", "release"};
  const auto add = [&](const std::string& name) {
    names.push_back("link." + name);
    names.push_back("link." + name + ".address");
    names.push_back("link." + name + ".port");
    names.push_back("link." + name + ".password");
  };
  for (const auto& dependency : stack.dependencies)
    add(dependency.name);
  for (const auto& service : stack.services)
    add(service.name);
  return names;
}

} // namespace holdfast::scenario
