#include "harness/campaign/progress_line.hpp"
#include "harness/text/standard_error.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace holdfast::campaign {

ProgressLine::ProgressLine(Style style, std::string scenario) : style_(style), scenario_(std::move(scenario)) {}

ProgressLine::~ProgressLine() {
  if (style_ == Style::live)
    // Carriage return and "erase to the end of the line": the last progress must not stand before the report.
    text::to_standard_error("\r\033[K");
}

ProgressLine::Style ProgressLine::style_of_stderr() {
  return isatty(STDERR_FILENO) != 0 ? Style::live : Style::plain;
}

void ProgressLine::show(const run::Progress& progress) {
  if (style_ == Style::silent)
    return;
  const auto elapsed = static_cast<double>(progress.elapsed.count()) / 1e9;
  const auto step = progress.step.empty() ? std::string{} : ", " + progress.step + " in force";
  if (style_ == Style::live) {
    text::to_standard_error(fmt::format("\r\033[K{}: {} {:.1f} s, {:.0f} operations/s, {} errors{}", scenario_,
                                        progress.phase, elapsed, progress.operations_per_second, progress.errors,
                                        step));
    std::fflush(stderr);
    return;
  }
  if (const auto now = progress.phase + step; now != last_) { // a line a change, not five a second
    last_ = now;
    text::to_standard_error(fmt::format("{}: {:.1f} s: {}, {} operations, {} errors{}\n", scenario_, elapsed,
                                        progress.phase, progress.operations, progress.errors, step));
  }
}

} // namespace holdfast::campaign
