#include "fakes/postgres/memory_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/mman.h>

namespace holdfast::fakes {

/// An open database as SQLite sees it: https://www.sqlite.org/c3ref/io_methods.html
struct MemoryFile {
  sqlite3_file base; // first: SQLite hands out pointers to it
  MemoryFiles* store;

  static MemoryFiles& of(sqlite3_file* file) { return *reinterpret_cast<MemoryFile*>(file)->store; }

  static int close(sqlite3_file*) { return SQLITE_OK; }
  static int read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
    const auto& store = of(file);
    const auto begin = std::min(static_cast<std::size_t>(offset), store.size_);
    const auto wanted = static_cast<std::size_t>(count), there = std::min(wanted, store.size_ - begin);
    std::memcpy(to, store.bytes_ + begin, there);
    std::memset(static_cast<char*>(to) + there, 0, wanted - there); // as SQLite asks of a short read
    return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    auto& store = of(file);
    const auto begin = static_cast<std::size_t>(offset), end = begin + static_cast<std::size_t>(count);
    if (end > MemoryFiles::room)
      return SQLITE_FULL;
    std::memcpy(store.bytes_ + begin, from, static_cast<std::size_t>(count));
    store.size_ = std::max(store.size_, end);
    return SQLITE_OK;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    auto& store = of(file);
    const auto end = static_cast<std::size_t>(size);
    if (end < store.size_)
      std::memset(store.bytes_ + end, 0, store.size_ - end); // what grows again begins with zeros
    store.size_ = end;
    return SQLITE_OK;
  }
  static int size(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(of(file).size_);
    return SQLITE_OK;
  }
  /// Gives SQLite a pointer into the database instead of a copy. It stays good, as the range never moves.
  static int fetch(sqlite3_file* file, sqlite3_int64 offset, int count, void** page) {
    const auto& store = of(file);
    const bool there = static_cast<std::size_t>(offset) + static_cast<std::size_t>(count) <= store.size_;
    *page = there ? store.bytes_ + offset : nullptr; // else it is read, with the zeros behind the end
    return SQLITE_OK;
  }
  static int unfetch(sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; }
  /// For sync, lock and unlock: memory needs no sync, and the fake's WriteLock takes the place of file locks.
  static int nothing(sqlite3_file*, int) { return SQLITE_OK; }
  static int is_reserved(sqlite3_file*, int* reserved) { return *reserved = 0, SQLITE_OK; }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector(sqlite3_file*) { return 4096; }
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static int open(sqlite3_vfs* vfs, const char*, sqlite3_file* file, int flags, int* out_flags) {
    static const sqlite3_io_methods methods{3,       close,   read,        write,   truncate, nothing,         size,
                                            nothing, nothing, is_reserved, control, sector,   characteristics, nullptr,
                                            nullptr, nullptr, nullptr,     fetch,   unfetch};
    file->pMethods = nullptr;
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
      return SQLITE_CANTOPEN; // journals and temporary tables stay in their connection's memory
    file->pMethods = &methods;
    reinterpret_cast<MemoryFile*>(file)->store = static_cast<MemoryFiles*>(vfs->pAppData);
    if (out_flags != nullptr)
      *out_flags = flags;
    return SQLITE_OK;
  }
};

namespace {

int no_delete(sqlite3_vfs*, const char*, int) {
  return SQLITE_IOERR_DELETE_NOENT;
}
int no_access(sqlite3_vfs*, const char*, int, int* exists) { // there is no journal beside the database
  return *exists = 0, SQLITE_OK;
}
int same_path(sqlite3_vfs*, const char* path, int size, char* full) {
  sqlite3_snprintf(size, full, "%s", path);
  return SQLITE_OK;
}

} // namespace

MemoryFiles::MemoryFiles() {
  // NORESERVE: without it the kernel could refuse 8 GiB for a database of a few pages.
  auto* mapped = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    throw std::runtime_error(fmt::format("no {} GiB of address space for the postgres fake: {} (is there a limit on "
                                         "virtual memory: ulimit -v?)",
                                         room >> 30U, std::strerror(errno)));
  bytes_ = static_cast<char*>(mapped);
  ::madvise(mapped, room, MADV_DONTFORK); // children run other programs: their page tables need not be copied
  register_here();
}

void MemoryFiles::register_here() {
  const sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
  name_ = fmt::format("holdfast-memory-{}", static_cast<const void*>(this)); // of this object alone, while it lives
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(MemoryFile);
  vfs_.mxPathname = system->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = MemoryFile::open;
  vfs_.xDelete = no_delete;
  vfs_.xAccess = no_access;
  vfs_.xFullPathname = same_path;
  // What has nothing to do with files is the system's; none of it looks at the VFS that it is given.
  vfs_.xRandomness = system->xRandomness;
  vfs_.xSleep = system->xSleep;
  vfs_.xCurrentTime = system->xCurrentTime;
  vfs_.xGetLastError = system->xGetLastError;
  if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK)
    throw std::runtime_error("SQLite takes no files in memory");
}

MemoryFiles::~MemoryFiles() {
  sqlite3_vfs_unregister(&vfs_);
  ::munmap(bytes_, room);
}

} // namespace holdfast::fakes
