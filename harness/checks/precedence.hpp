// What decides a run's verdict where several things could. One table: the first row whose ground is there decides.
#pragma once

#include "harness/verdict/verdict.hpp"

#include <optional>
#include <string>

namespace holdfast::checks {

/// What was found of a run. A ground that is there says why.
struct Grounds {
  std::optional<std::string> harness_failed; ///< the harness could not do its work, or its files are damaged
  std::optional<std::string> interrupted;    ///< somebody asked for its end
  std::optional<std::string> never_served;   ///< operations that findings would rest on were never served as declared
  std::optional<std::string> failed;         ///< a finding that decides
  std::optional<std::string> lacking;        ///< evidence that a pass would need
  bool is_reproduction = false;              ///< [expect] names findings: without any other ground it is reproduced
};

struct Decision {
  verdict::Verdict verdict = verdict::Verdict::inconclusive;
  int exit_status = 2;
  std::string reason;
};

[[nodiscard]] Decision decide(const Grounds& grounds);

} // namespace holdfast::checks
