// Output formats: each turns Report values into text. One file a format; all.cpp lists them.
#pragma once

#include "harness/bundle/bundle.hpp"
#include "harness/verdict/verdict.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::reports {

enum class Colour { off, on };

/// How the reports of runs are told. Defined in a file of its own, listed in all.cpp.
struct Format {
  std::string_view name; ///< as in `--format`
  std::string_view about;
  /// What is told of a run as soon as it has ended; null: nothing.
  std::string (*each)(const verdict::Report& report, Colour colour) = nullptr;
  /// What is told of all at the end.
  std::string (*all)(const std::vector<verdict::Report>& reports, Colour colour) = nullptr;
};

[[nodiscard]] std::span<const Format> all_formats();
/// Null when there is none of this name.
[[nodiscard]] const Format* find_format(std::string_view name);

/// For people, in a terminal: understood in ten seconds, with the counterexamples below.
[[nodiscard]] std::string terminal(const verdict::Report& report, Colour colour);
/// One JSON object: `verdict` and `runs`.
[[nodiscard]] std::string json(const std::vector<verdict::Report>& reports);
/// The report of one run from that; nothing when it is something else.
[[nodiscard]] std::optional<verdict::Report> from_json(std::string_view text);

struct TimelineOptions {
  std::string user; ///< with every operation of this user; empty: none
  std::string step; ///< only the moment of this step, with failed operations, messages, their bodies and logs;
                    ///< empty: everything
};

/// What happened in a run, line by line. `directory` is the bundle's, for its logs and messages. The error is a
/// sentence.
[[nodiscard]] std::variant<std::string, bundle::Problem>
timeline(const bundle::Bundle& bundle, const std::filesystem::path& directory, const TimelineOptions& options);

/// JUnit's XML.
[[nodiscard]] std::string junit(const std::vector<verdict::Report>& reports);

} // namespace holdfast::reports
