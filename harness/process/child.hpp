// What the processes of Holdfast's own (crew, guardian, worker) do right after fork and right before their end.
#pragma once

#include <functional>
#include <sys/types.h>

namespace holdfast::process {

/// Has the kernel send this process `signal` when `parent` dies; false when it is dead already.
[[nodiscard]] bool die_with(pid_t parent, int signal);

/// Runs `work`, writes what it throws to standard error, and flushes what was printed. Returns the exit status.
[[nodiscard]] int run_to_status(const std::function<int()>& work);

} // namespace holdfast::process
