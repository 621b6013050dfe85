// What a person sees while a run goes on: one live line in a terminal, plain lines elsewhere. On stderr: stdout is for
// results.
#pragma once

#include "harness/run/run.hpp"

namespace holdfast::campaign {

class ProgressLine {
public:
  enum class Style { live, plain, silent };
  ProgressLine(Style style, std::string scenario);
  ~ProgressLine(); ///< leaves the terminal at the beginning of an empty line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const run::Progress& progress);
  /// Live in a terminal, plain otherwise.
  [[nodiscard]] static Style style_of_stderr();

private:
  Style style_;
  std::string scenario_;
  std::string last_;
};

} // namespace holdfast::campaign
