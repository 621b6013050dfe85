// Front ► guardian ► worker: nothing is left behind whichever of them dies, and however.
//
// The guardian is a subreaper in a process group of its own and does no work. It ends the worker when the front dies,
// kills whatever falls to it when the worker dies, and then removes the workspace. The worker ends when the guardian
// dies. POSIX only, no Asio: called from a process with one thread and no children, such as one of a Crew: whatever
// children this process has at the end are killed as the run's.
#pragma once

#include "harness/process/wait_status.hpp"

#include <filesystem>
#include <functional>

namespace holdfast::process {

/// What a worker does; it returns the worker's exit status. The workspace is a temporary directory for this one run,
/// made by the front and removed by the guardian. Others may pass through it, and neither read nor guess what is in it.
using Work = std::function<int(const std::filesystem::path& workspace)>;

/// Called when all processes of the run are gone and its workspace is still there, by whichever process removes that:
/// for what servers leave outside of the workspace.
using Farewell = std::function<void(const std::filesystem::path& workspace)>;

/// First removes what runs of the same user left whose processes were all killed at once: their locks are free. Then
/// runs `work` in a worker process and returns how that ended. SIGINT, SIGTERM and SIGHUP are passed on to it; a SIGINT
/// that follows another signal kills it at once. Throws std::runtime_error when there is no workspace to be had.
[[nodiscard]] WaitStatus supervise(const Work& work, const Farewell& farewell);

} // namespace holdfast::process
