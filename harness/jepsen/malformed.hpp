// How the parts of this room tell each other that a history makes no sense.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::jepsen {

/// Thrown at the place that makes none; `read` makes a ReadError of it. Never leaves this room.
struct Malformed {
  std::uint32_t line = 0;
  std::uint32_t column = 0; ///< 0: the line as a whole
  std::string message;
};

} // namespace holdfast::jepsen
