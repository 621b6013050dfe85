// How a real Redis or PostgreSQL is spawned when a stack says `provider = "server"` and nothing more. Data lives in the
// run's own folder and ends with it.
#pragma once

#include "harness/scenario/stack.hpp"

namespace holdfast::scenario {

/// Fills command, preparation, probe and user of a server dependency. False when there is no default for its protocol.
[[nodiscard]] bool use_default_server(Dependency& dependency);

} // namespace holdfast::scenario
