#include "harness/stack/server_remains.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sstream>
#include <sys/shm.h>

namespace holdfast::stack {

namespace fs = std::filesystem;

namespace {

struct Segment {
  pid_t creator = 0;
  key_t key = 0;
  int id = 0;
};

/// Lines 1 and 7: LOCK_FILE_LINE_PID and LOCK_FILE_LINE_SHMEM_KEY of PostgreSQL's miscadmin.h.
std::optional<Segment> read_lock_file(const fs::path& file) {
  std::ifstream stream(file);
  Segment segment;
  unsigned long key = 0;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::istringstream words(line);
    if (number == 1 && !(words >> segment.creator))
      return std::nullopt;
    if (number == 7 && words >> key >> segment.id) {
      segment.key = static_cast<key_t>(key);
      return segment;
    }
  }
  return std::nullopt; // no server's, or one that had not come so far
}

/// Ids are used again: it must still be the segment that this server made.
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

} // namespace

std::vector<std::string> remove_server_remains(const fs::path& servers) {
  std::vector<std::string> problems;
  std::error_code error; // a folder that cannot be read holds nothing that we could find
  for (fs::recursive_directory_iterator entry(servers, fs::directory_options::skip_permission_denied, error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry.depth() >= 2 || !entry->is_directory(error))
      entry.disable_recursion_pending();
    if (entry->path().filename() != "postmaster.pid")
      continue;
    if (const auto segment = read_lock_file(entry->path()))
      if (auto problem = remove(*segment))
        problems.push_back(std::move(*problem));
  }
  return problems;
}

} // namespace holdfast::stack
