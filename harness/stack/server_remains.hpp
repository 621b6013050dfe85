// What a server that was killed leaves outside of its folder: nothing of it ends with its processes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::stack {

/// PostgreSQL keeps a System V shared memory segment of 56 bytes, named in the lock file `postmaster.pid` of its data
/// directory; its key begins at the directory's inode number, so that one that was made and not yet written down is
/// found as well. Looks for data directories in the folders below `servers` and in those below them, and removes their
/// segments that nobody is attached to. To be called when the processes are gone and the folders are not yet. Returns
/// what could not be removed, as sentences.
std::vector<std::string> remove_server_remains(const std::filesystem::path& servers);

} // namespace holdfast::stack
