// Whoever removes a run's workspace calls this first: the data directories in it lead to the segments. A segment is
// removed only when no process uses it, and its creator and key are those of a server on such a directory.
#include "harness/stack/server_remains.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sstream>
#include <sys/shm.h>
#include <sys/stat.h>

namespace holdfast::stack {

namespace fs = std::filesystem;

namespace {

struct Segment {
  pid_t creator = 0;
  key_t key = 0;
  int id = 0;
};

/// What a server wrote about its segment into `postmaster.pid`. Lines 1 and 7: LOCK_FILE_LINE_PID and
/// LOCK_FILE_LINE_SHMEM_KEY of PostgreSQL's miscadmin.h.
std::optional<Segment> read_lock_file(const fs::path& file) {
  std::ifstream stream(file);
  Segment segment;
  unsigned long key = 0;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::istringstream words(line);
    if (number == 1 && !(words >> segment.creator))
      return std::nullopt;
    segment.creator = std::abs(segment.creator); // negative while it starts: see CreateLockFile
    if (number == 7 && words >> key >> segment.id) {
      segment.key = static_cast<key_t>(key);
      return segment;
    }
  }
  return std::nullopt; // no server's file, or the server was killed before it wrote line 7
}

/// Removes the segment; the error is a sentence. Ids are used again, so one that was read from a file may meanwhile be
/// another server's: creator and key must be the same, and no process may be attached.
std::optional<std::string> remove(const Segment& segment) {
  shmid_ds now{};
  if (::shmctl(segment.id, IPC_STAT, &now) != 0)
    return std::nullopt; // gone: the server took it along
  if (now.shm_cpid != segment.creator || now.shm_perm.__key != segment.key || now.shm_nattch != 0)
    return std::nullopt;
  if (::shmctl(segment.id, IPC_RMID, nullptr) == 0)
    return std::nullopt;
  return fmt::format("cannot remove shared memory segment {} of PostgreSQL's process {}: {}", segment.id,
                     segment.creator, std::strerror(errno));
}

/// The segments of servers on this data directory that were killed between making their segment and writing it into the
/// lock file: the key is one that such a server would take, and the process that made it is gone.
std::vector<Segment> segments_of(const fs::path& data) {
  constexpr std::size_t header = 56; // PGShmemHeader
  constexpr long keys_tried = 16;    // a server takes the next key where another's segment has the one it wants
  struct stat directory {};
  std::vector<Segment> found;
  if (::stat(data.c_str(), &directory) != 0)
    return found;
  std::ifstream table("/proc/sysvipc/shm");
  std::string line;
  std::getline(table, line); // its head
  while (std::getline(table, line)) {
    std::istringstream words(line);
    long key = 0, id = 0, mode = 0, creator = 0, last = 0, attached = 0;
    std::size_t size = 0;
    if (!(words >> key >> id >> mode >> size >> creator >> last >> attached))
      continue;
    // PostgreSQL begins with the directory's inode number, cut to 32 bits, and counts up, from the largest on to 0.
    const auto distance = static_cast<std::int64_t>(
        static_cast<std::uint32_t>(static_cast<std::uint32_t>(key) - static_cast<std::uint32_t>(directory.st_ino)));
    const bool is_gone = ::kill(static_cast<pid_t>(creator), 0) != 0 && errno == ESRCH;
    if (distance >= 0 && distance < keys_tried && size == header && attached == 0 && is_gone)
      found.push_back({static_cast<pid_t>(creator), static_cast<key_t>(key), static_cast<int>(id)});
  }
  return found;
}

} // namespace

std::vector<std::string> remove_server_remains(const fs::path& servers) {
  std::vector<std::string> problems;
  std::error_code error; // a folder that cannot be read holds nothing that we could find
  for (fs::recursive_directory_iterator entry(servers, fs::directory_options::skip_permission_denied, error), end;
       !error && entry != end; entry.increment(error)) {
    const bool is_directory = entry->is_directory(error);
    // Data directories are two levels down at most: what they hold is listed, for the lock file, and not entered.
    if (entry.depth() >= 2 || !is_directory)
      entry.disable_recursion_pending();
    std::vector<Segment> segments;
    if (entry->path().filename() == "postmaster.pid")
      if (const auto segment = read_lock_file(entry->path()))
        segments.push_back(*segment);
    if (std::error_code none; is_directory && fs::exists(entry->path() / "PG_VERSION", none))
      segments = segments_of(entry->path());
    for (const auto& segment : segments)
      if (auto problem = remove(segment))
        problems.push_back(std::move(*problem));
  }
  return problems;
}

} // namespace holdfast::stack
