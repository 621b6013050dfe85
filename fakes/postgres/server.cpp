#include "fakes/postgres/server.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace holdfast::fakes::pg {

namespace {

[[noreturn]] void cannot_open(sqlite3* database) {
  throw std::runtime_error(fmt::format("the postgres fake cannot open its database: {}", sqlite3_errmsg(database)));
}

} // namespace

/// Makes the catalogue's tables, then closes its connection: the data lies in `files`, and each session opens its own.
Database::Database(const boost::asio::any_io_executor& executor, async::Clock& clock) : lock(executor, clock) {
  const auto opened = open_database(files);
  if (sqlite3_exec(opened.get(), Catalog::schema(), nullptr, nullptr, nullptr) != SQLITE_OK)
    cannot_open(opened.get());
}

/// Any name is let in: a database is made when it is first asked for.
Database& Server::database(const std::string& name) {
  auto& found = databases[name];
  if (found == nullptr)
    found = std::make_unique<Database>(executor, clock);
  return *found;
}

OpenDatabase open_database(MemoryFiles& files) {
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2("fake.sqlite", &raw,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, files.name());
  OpenDatabase opened(raw);
  if (status != SQLITE_OK)
    cannot_open(raw);
  // A writer's pages stay in its own cache until it commits (no spill): others read what is committed, beside it, where
  // it lies (any mmap_size above zero says so). The data need not survive the harness.
  sqlite3_exec(raw,
               "PRAGMA journal_mode=MEMORY; PRAGMA temp_store=MEMORY; PRAGMA synchronous=OFF; PRAGMA cache_spill=OFF; "
               "PRAGMA mmap_size=268435456; PRAGMA foreign_keys=ON",
               nullptr, nullptr, nullptr);
  return opened;
}

} // namespace holdfast::fakes::pg
