// Output formats: each turns Report values into text. One file a format.
#pragma once

#include "harness/verdict/verdict.hpp"

#include <string>
#include <vector>

namespace holdfast::reports {

enum class Colour { off, on };

/// For people, in a terminal: understood in ten seconds, with the counterexamples below.
[[nodiscard]] std::string terminal(const verdict::Report& report, Colour colour);
/// The closing lines of several runs.
[[nodiscard]] std::string terminal_summary(const std::vector<verdict::Report>& reports, Colour colour);
/// One JSON object: `verdict` and `runs`.
[[nodiscard]] std::string json(const std::vector<verdict::Report>& reports);

/// What a service answered must not steer a terminal: control characters are made visible.
[[nodiscard]] std::string printable(const std::string& text);

} // namespace holdfast::reports
