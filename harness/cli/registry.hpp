// What this build of Holdfast can do: every step and every fake, listed once.
#pragma once

#include "harness/run/run.hpp"

namespace holdfast::cli {

[[nodiscard]] run::Registry make_registry();

} // namespace holdfast::cli
