// Reads a recorded history back. Grammar: FORMAT.md. Nothing is guessed: a whole line that says something impossible is
// an error, and then no history is returned. In one that is, the entries of lists are identified (identities.hpp).
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

/// The messages of `directory`, in their order; none when it has no such file. A cut last line is ignored.
[[nodiscard]] std::variant<std::vector<WireMessage>, ReadError> read_messages(const std::filesystem::path& directory);

/// The bodies around strikes, in the order in which they were written; none when there is no such file.
[[nodiscard]] std::variant<std::vector<WireBody>, ReadError> read_bodies(const std::filesystem::path& directory);

/// Reads the three files of `directory` that checks need. A cut last line is ignored and sets `truncated`.
[[nodiscard]] std::variant<History, ReadError> read_history(const std::filesystem::path& directory);

} // namespace holdfast::history
