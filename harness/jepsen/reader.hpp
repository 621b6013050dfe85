// Reads histories that others recorded: Jepsen's EDN and JSON. What each may look like: FORMATS.md.
#pragma once

#include "harness/consistency/budget.hpp"
#include "harness/consistency/history.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::jepsen {

enum class Format {
  edn,     ///< Jepsen's: one map a line, or one vector of maps
  json,    ///< Jepsen's: one object a line, or one array of objects
  holdfast ///< Holdfast's own: harness/history/FORMAT.md
};

/// What is wrong with a history, and where.
struct ReadError {
  std::string file;
  std::uint32_t line = 0;   ///< 1 first; 0: with the file as a whole
  std::uint32_t column = 0; ///< in bytes, 1 first; 0: with the line as a whole
  std::string message;      ///< a sentence
};

/// "file:line:column: message".
[[nodiscard]] std::string describe(const ReadError& error);

/// Told from how the text begins; nothing when it begins as none of them. An empty one is EDN: it has no operations
/// in any format.
[[nodiscard]] std::optional<Format> format_of(std::string_view text);

/// `file` is for messages. Operations are in the order of their `:index`; without one, of their `:time`, ties with
/// invocations first but never against a process's own order; without that, of the text.
[[nodiscard]] std::variant<consistency::History, ReadError> read(std::string_view text, const std::string& file);
[[nodiscard]] std::variant<consistency::History, ReadError> read(std::string_view text, const std::string& file,
                                                                 Format format);

/// The budget was used up by reading.
struct OutOfBudget {
  std::string reason; ///< of the budget
};

/// Reads the file where it lies, without a copy in memory. What the history holds is counted in `budget`.
[[nodiscard]] std::variant<consistency::History, ReadError, OutOfBudget> read_file(const std::filesystem::path& file,
                                                                                   consistency::Budget& budget);

} // namespace holdfast::jepsen
