// What is wrong with a file that a user wrote, and where. Plain data; printed by `describe`.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace holdfast::scenario {

/// A place in a file; line and column count from 1, 0 stands for "the file as a whole".
struct Location {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;

  bool operator==(const Location&) const = default;
};

struct Diagnostic {
  Location where;
  std::string message;
  std::string hint;        ///< what to do; may be empty
  std::string source_line; ///< the offending line as written; empty when there is none
};

using Diagnostics = std::vector<Diagnostic>;

/// `file:line:column: error: message`, then the line, a caret below the column, and the hint.
[[nodiscard]] std::string describe(const Diagnostic& diagnostic);
[[nodiscard]] std::string describe(const Diagnostics& diagnostics);

/// The candidate that `name` was probably meant to be: at most a third of its letters apart
/// (Damerau-Levenshtein), or nothing.
[[nodiscard]] std::optional<std::string> nearest(const std::string& name, const std::vector<std::string>& candidates);

/// Some candidate is at most so many letters apart.
[[nodiscard]] bool is_near(const std::string& name, const std::vector<std::string>& candidates, std::size_t letters);

/// "did you mean 'x'?" or "known: a, b, c".
[[nodiscard]] std::string suggest(const std::string& name, const std::vector<std::string>& candidates);

} // namespace holdfast::scenario
