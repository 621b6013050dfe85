// Reads a recorded history back. Grammar: FORMAT.md.
#pragma once

#include "harness/history/operation.hpp"

#include <boost/system/result.hpp>
#include <filesystem>
#include <variant>

namespace holdfast::history {

/// What is wrong with a history file; `file:line: message`.
struct ReadError {
  std::filesystem::path file;
  std::size_t line = 0;
  std::string message;
};

[[nodiscard]] std::string describe(const ReadError& error);

/// Reads the three files of `directory`. A cut last line is ignored and sets `truncated`.
[[nodiscard]] std::variant<History, ReadError> read_history(const std::filesystem::path& directory);

} // namespace holdfast::history
