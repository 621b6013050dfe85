// Dotted paths of keys. Used by the formats of this room only.
#pragma once

#include <string>
#include <vector>

namespace holdfast::config {

[[nodiscard]] inline std::vector<std::string> split_path(const std::string& key) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const auto dot = key.find('.', begin);
    parts.push_back(key.substr(begin, dot == std::string::npos ? dot : dot - begin));
    if (dot == std::string::npos)
      return parts;
    begin = dot + 1;
  }
}

} // namespace holdfast::config
