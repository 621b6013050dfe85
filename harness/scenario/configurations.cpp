#include "harness/scenario/configurations.hpp"

#include "harness/scenario/placeholders.hpp"

namespace holdfast::scenario {

std::vector<std::string> releases_in_force(const Stack& stack, const std::vector<Step>& steps) {
  std::vector<std::string> releases = {stack.initial_release};
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
  config.text = substitute(config.text, [](std::string_view) { return std::optional<std::string>("1"); });
  return config;
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
