// A statement, understood: what SQLite is to run for it, and what its client is to be told.
#pragma once

#include "fakes/postgres/catalog.hpp"
#include "fakes/postgres/tokens.hpp"

namespace holdfast::fakes::pg {

enum class Locking { none, wait, nowait, skip };

struct Plan {
  std::string keyword;          ///< the first word, in lower case
  std::vector<std::string> sql; ///< for SQLite, in order; the last one's rows are the result
  bool rows = false;            ///< there is a result, though it may be without columns
  std::vector<Column> columns;
  std::vector<Type> parameters; ///< of $1, $2 …: none is left
  std::string tag;              ///< of a definition
  std::string table;            ///< that it writes to, or whose rows it locks
  bool writes = false;
  bool writes_rows_once = false; ///< an upsert of several rows
  bool defines = false;          ///< changes what the catalogue knows
  Locking locking = Locking::none;
  std::vector<SqlError> notices;
};

/// Where ids of new sequences come from.
struct SequenceIds {
  std::int64_t next = 1;
};

/// Reads one statement: queries, changes of data and definitions; not what controls the session. Throws SqlFailure.
/// `declared` are the types that the client names for parameters, none where it leaves them to the server.
[[nodiscard]] Plan plan_of(std::string_view statement, Catalog& catalog, SequenceIds& ids,
                           const std::vector<Type>& declared);

} // namespace holdfast::fakes::pg
