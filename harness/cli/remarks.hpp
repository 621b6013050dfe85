// What lint says of a scenario in which nothing is wrong: what its author may not have meant.
#pragma once

#include "harness/run/run.hpp"

namespace holdfast::cli {

struct Remark {
  scenario::Location where;
  std::string text; ///< a sentence
};

[[nodiscard]] std::vector<Remark> remarks(const scenario::Scenario& scenario, const run::Registry& registry);

} // namespace holdfast::cli
