// What this build of Holdfast can do: every step, check and fake.
#pragma once

#include "harness/run/run.hpp"

namespace holdfast::cli {

[[nodiscard]] run::Registry make_registry();

} // namespace holdfast::cli
