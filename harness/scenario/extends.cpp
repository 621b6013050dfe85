#include "harness/scenario/extends.hpp"

#include "harness/text/input_file.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace holdfast::scenario {

std::optional<toml::table> parse_toml(std::string_view text, const std::string& path, ParseContext& context) {
  context.add_source(path, text);
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    context.error(error.source(), std::string(error.description()));
    return std::nullopt;
  } catch (const std::invalid_argument&) { // see toml_implementation.cpp
    context.error(Location{path, 0, 0}, "the file is no TOML, and the parser cannot say where it goes wrong");
    return std::nullopt;
  }
}

// Tables that stand on both sides are merged; everything else, arrays too, replaces what stood below.
void merge(toml::table& over, toml::table& table) {
  for (auto&& [key, value] : over) {
    auto* below = table.get(key);
    if (below != nullptr && below->is_table() && value.is_table())
      merge(*value.as_table(), *below->as_table());
    else
      value.visit([&](auto& node) { table.insert_or_assign(key, std::move(node)); });
  }
}

std::optional<Extended> lay_over_extended(toml::table& root, const std::filesystem::path& file, ParseContext& context) {
  Extended extended{.text = {}, .stack_folder = file.parent_path()};
  auto* head = root.get_as<toml::table>("scenario");
  const auto* named = head == nullptr ? nullptr : head->get("extends");
  if (named == nullptr)
    return extended;
  const auto name = named->value<std::string>();
  if (!name || name->empty()) {
    context.error(named->source(), "'extends' of [scenario] must be the name of a scenario file");
    return std::nullopt;
  }
  const auto place = named->source();
  const auto path = (file.parent_path() / *name).lexically_normal();
  auto read = text::read_file(path);
  if (const auto* unreadable = std::get_if<text::Unreadable>(&read)) {
    context.error(place, fmt::format("of the scenario {} that is extended, {}", path.string(), unreadable->why),
                  "'extends' is looked up from the folder of the scenario");
    return std::nullopt;
  }
  auto base = parse_toml(std::get<std::string>(read), path.string(), context);
  if (!base)
    return std::nullopt;
  extended.text = std::get<std::string>(std::move(read));

  if (auto* base_head = base->get_as<toml::table>("scenario"); base_head != nullptr) {
    if (const auto* further = base_head->get("extends"))
      context.error(further->source(), "a scenario that is extended cannot extend another",
                    fmt::format("{} extends it", file.string()));
    // A name and a description are of one scenario, and `extends` has been followed.
    for (const auto* own : {"name", "about", "extends"})
      base_head->erase(own);
    // The path of a stack file is looked up beside the file that says it.
    if (base_head->contains("stack") && !head->contains("stack"))
      extended.stack_folder = path.parent_path();
  }
  // Merged key by key, a scenario would be held against what the base expects of steps that it does not have, and users
  // would do operations that its own journey does not name.
  for (const auto* whole : {"expect", "step"})
    if (root.contains(whole))
      base->erase(whole);
  if (auto* below = base->get_as<toml::table>("workload"); below != nullptr && root.at_path("workload.journey"))
    below->erase("journey");
  // Into the base, since what is laid over wins; the result is moved back, so that every node keeps its place in its
  // own file.
  merge(root, *base);
  root = std::move(*base);
  return extended;
}

} // namespace holdfast::scenario
