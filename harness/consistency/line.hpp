// Where in its file something stands, for sentences.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::consistency {

/// " (line 12)"; empty when the history came from no file.
[[nodiscard]] inline std::string at_line(std::uint32_t line) {
  return line == 0 ? std::string{} : " (line " + std::to_string(line) + ")";
}

} // namespace holdfast::consistency
