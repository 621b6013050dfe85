#include "harness/scenario/names.hpp"

#include "harness/text/escape.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::scenario {

namespace {

constexpr std::size_t longest = 100;

/// What no name may be. Names become parts of paths and of command lines: ".." leads out of a folder, a dot in front
/// hides a file, and a dash in front makes an option of it.
std::optional<std::string> wrong(std::string_view name, std::string_view forbidden) {
  if (name.empty())
    return "a name must not be empty";
  if (name.size() > longest)
    return fmt::format("a name has at most {} bytes, this one has {}", longest, name.size());
  if (name.front() == '-' || name.front() == '.')
    return fmt::format("a name does not begin with '{}'", name.front());
  if (name.find("..") != std::string_view::npos)
    return "a name does not hold '..'";
  // Control characters, and letters that turn the direction of writing: a name would be shown as another one.
  if (text::terminal(name) != name)
    return "a name holds nothing that cannot be seen";
  if (const auto at = name.find_first_of(forbidden); at != std::string_view::npos)
    return fmt::format("a name does not hold '{}'", name[at]);
  return std::nullopt;
}

} // namespace

std::optional<std::string> wrong_identifier(std::string_view name) {
  // This names the separator that is wrong; what is below refuses everything else, letters of other scripts too.
  if (auto why = wrong(name, "/\\,@<> {}\"'"))
    return why;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return std::all_of(name.begin(), name.end(), plain)
             ? std::nullopt
             : std::optional<std::string>("a name holds letters, digits, '-', '_' and '.'");
}

std::optional<std::string> wrong_title(std::string_view name) {
  return wrong(name, "/\\");
}

} // namespace holdfast::scenario
