// Every service down and up again at the end of a run: what only the processes knew is gone then.
#pragma once

#include "harness/run/stack_runtime.hpp"

namespace holdfast::run {

/// False when it was skipped, and the history says why: some instance would start a deployment that nobody has started
/// yet, and that would be a change of its own.
[[nodiscard]] asio::awaitable<bool> cold_restart(StackRuntime& stack, history::Recorder& recorder);

} // namespace holdfast::run
