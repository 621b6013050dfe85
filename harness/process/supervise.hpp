// Front ► guardian ► worker: nothing is left behind whichever of them dies, and however.
//
// The guardian is a subreaper in a process group of its own and does no work. It ends the worker when the front dies,
// kills whatever falls to it when the worker dies, and then removes the workspace. The worker ends when the guardian
// dies. POSIX only, no Asio: called from a process with one thread.
#pragma once

#include "harness/process/wait_status.hpp"

#include <filesystem>
#include <functional>

namespace holdfast::process {

/// A temporary directory for one run, made by the front, removed by the guardian.
[[nodiscard]] std::filesystem::path make_workspace();

/// Runs `work` in a worker process and returns how that ended; SIGINT, SIGTERM and SIGHUP are passed on to it, a second
/// one kills it. `work` returns the worker's exit status.
[[nodiscard]] WaitStatus supervise(const std::filesystem::path& workspace, const std::function<int()>& work);

} // namespace holdfast::process
