// One event of a Jepsen history, as it stands in the file: an invocation or a completion.
#pragma once

#include "harness/consistency/values.hpp"

#include <cstdint>

namespace holdfast::jepsen {

struct Event {
  enum class Type : std::uint8_t { none, invoke, ok, fail, info };
  static constexpr std::int64_t absent = -1;

  consistency::Value f;
  consistency::Value key;
  consistency::Value value;
  std::int64_t process = absent;
  std::int64_t time = absent; ///< nanoseconds
  std::int64_t index = absent;
  std::uint32_t line = 0; ///< where it begins
  Type type = Type::none;
  bool has_f = false;
  bool has_value = false;
  bool is_nemesis = false; ///< what is done to the system: no client's operation
};

} // namespace holdfast::jepsen
