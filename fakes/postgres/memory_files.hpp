// The files of SQLite databases, in memory: what a fake's connections share without a system call. One thread.
//
// A database lies in one contiguous range of reserved address space that never moves, so that readers are given
// pointers into it instead of copies. Files take no locks: the fake runs every statement to its end on one thread, and
// its WriteLock admits one writer, whose pages stay in its own connection's cache until it commits (cache_spill = OFF).
// So the range always holds what is committed. There are no journals on this side either: connections must use
// journal_mode = MEMORY and temp_store = MEMORY.
#pragma once

#include <cstddef>
#include <sqlite3.h>
#include <string>

namespace holdfast::fakes {

class MemoryFiles {
public:
  /// The room of the database; beyond it SQLite says that the disk is full. Only what is written takes memory.
  static constexpr std::size_t room = std::size_t{8} << 30U;

  /// Throws std::runtime_error when the address space is not given.
  MemoryFiles();
  ~MemoryFiles(); ///< after every connection has closed
  MemoryFiles(const MemoryFiles&) = delete;
  MemoryFiles& operator=(const MemoryFiles&) = delete;

  /// What sqlite3_open_v2 takes as its VFS. Whatever name is opened there is the one database of this object.
  [[nodiscard]] const char* name() const { return name_.c_str(); }

private:
  friend struct MemoryFile;
  void register_here();

  char* bytes_ = nullptr;
  std::size_t size_ = 0; ///< of the database
  std::string name_;
  sqlite3_vfs vfs_{};
};

} // namespace holdfast::fakes
