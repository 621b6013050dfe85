// What the sessions of one postgres fake share.
#pragma once

#include "fakes/postgres/functions.hpp"
#include "fakes/postgres/memory_files.hpp"
#include "fakes/postgres/plan.hpp"
#include "fakes/postgres/remembered.hpp"
#include "fakes/postgres/write_lock.hpp"

#include <memory>

namespace holdfast::fakes::pg {

class Session;

/// One database, made when a client first connects to its name. Its sessions run on one thread.
struct Database {
  /// Throws std::runtime_error when it is given no address space.
  Database(const boost::asio::any_io_executor& executor, async::Clock& clock);

  MemoryFiles files;
  WriteLock lock;
  Sequences sequences;
  SequenceIds ids;
  std::uint64_t epoch = 1; ///< grows with every definition: what was planned before is void
  Remembered<Plan> plans;  ///< of `planned`, by text and declared types
  std::uint64_t planned = 0;
};

struct Server {
  boost::asio::any_io_executor executor;
  async::Clock& clock;
  std::map<std::string, std::unique_ptr<Database>> databases = {};
  std::map<std::int32_t, Session*> sessions = {}; ///< by process id, as a client sees it
  std::int32_t next_pid = 1;
  Remembered<std::vector<std::string>> texts = {}; ///< split into statements

  [[nodiscard]] Database& database(const std::string& name);
};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using OpenDatabase = std::unique_ptr<sqlite3, CloseDatabase>;

/// Throws std::runtime_error.
[[nodiscard]] OpenDatabase open_database(MemoryFiles& files);

} // namespace holdfast::fakes::pg
