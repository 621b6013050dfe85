// How one session runs statements that are about data: read and planned once, compiled by SQLite, run to their end.
// A statement that writes or locks rows first takes the database's write lock: outside of a block until the statement
// ends, inside of one until the block ends. Statements about the session (BEGIN, SET, …) are in control.cpp.
#include "fakes/postgres/session.hpp"

#include "fakes/postgres/moment.hpp"
#include "fakes/postgres/written_rows.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

using boost::asio::awaitable;

namespace {

/// A client that writes its values into its texts would otherwise keep every text that it has ever sent.
constexpr std::size_t statements_kept = 300;

/// PostgreSQL's messages about read-only transactions name the command in capitals: "cannot execute UPDATE in …".
std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return text;
}

} // namespace

Session::Session(Server& server, const std::string& database, const std::string& user)
    : server_(server), shared_(server.database(database)), database_(open_database(shared_.files)),
      catalog_(database_.get()) {
  environment_.sequences = &shared_.sequences;
  environment_.database_name = database;
  environment_.user = user;
  environment_.pid = server_.next_pid++;
  // Sessions know each other by process id only, as PostgreSQL's backends do; false when there is none of that id.
  environment_.signal = [this](std::int32_t pid, bool ends) {
    const auto found = server_.sessions.find(pid);
    if (found == server_.sessions.end())
      return false;
    found->second->interrupt(ends);
    return true;
  };
  sqlite3_randomness(sizeof secret_, &secret_);
  server_.sessions[environment_.pid] = this;
  add_functions(database_.get(), environment_);
}

Session::~Session() {
  server_.sessions.erase(environment_.pid);
  known_.clear();
  if (writing_)
    (void)end_writing(End::rollback); // what it says cannot be told to anyone any more
}

/// Called from another session's turn of the loop. Only a wait can be interrupted, since everything else runs to its
/// end within one turn: waking the write lock wakes both those who queue for it and those in pg_sleep.
void Session::interrupt(bool ends) {
  interrupted_ = true;
  ended_ = ended_ || ends;
  shared_.lock.wake();
}

/// The error for whoever noticed the interruption. A cancel request is used up by it, an ended session stays ended.
SqlError Session::interrupted() {
  interrupted_ = false;
  if (ended_)
    return {"57P01", "terminating connection due to administrator command"};
  return {"57014", "canceling statement due to user request"};
}

/// The statement if it has been read before; null when not. What was read before a definition changed is thrown away:
/// its plan may name columns that are gone. In a failed transaction only statements about the session are found, so
/// that `prepare` refuses the others.
std::shared_ptr<Statement> Session::known(const std::string& text, const std::vector<Type>& declared) {
  if (epoch_ != shared_.epoch) {
    forget_definitions();
    known_.clear();
    epoch_ = shared_.epoch;
  }
  const auto found = known_.find(text);
  if (found != known_.end())
    for (const auto& one : found->second)
      if (one->declared == declared && (!failed_ || !one->control.empty()))
        return one;
  return nullptr;
}

std::variant<std::shared_ptr<Statement>, SqlError> Session::prepare(const std::string& text,
                                                                    const std::vector<Type>& declared) {
  if (auto found = known(text, declared))
    return found;
  try {
    auto statement = std::make_shared<Statement>();
    statement->text = text;
    statement->declared = declared;
    auto tokens = tokens_of(text);
    statement->keyword = tokens[0].kind == Token::Kind::word ? tokens[0].text : "";
    // A failed transaction refuses a statement before reading it, as PostgreSQL does: the client is told that the
    // transaction is aborted, not that a table does not exist.
    const bool about_data = !is_control(statement->keyword);
    if (failed_ && (about_data || statement->keyword == "declare"))
      throw SqlFailure{aborted};
    if (about_data)
      plan(*statement);
    else
      statement->control = Words(std::move(tokens));
    if (statement->keyword == "declare")
      plan_cursor(*statement);
    if (known_.size() > statements_kept)
      known_.clear();
    return known_[text].emplace_back(std::move(statement));
  } catch (const SqlFailure& failure) {
    return failure.error;
  }
}

void Session::forget_definitions() {
  catalog_.forget();
  environment_.known_sequences.clear();
}

/// The plan of a text, shared by all sessions of the database until a definition changes. A session that has changed
/// definitions and not committed them plans for itself: its plans hold for nobody else, nor for it after a rollback.
Plan Session::find_plan(const Statement& statement) {
  const auto read = [&](const std::string&) {
    return plan_of(statement.text, catalog_, shared_.ids, statement.declared);
  };
  if (defined_)
    return read({});
  // Whichever session asks first after a definition empties the plans for all.
  if (std::exchange(shared_.planned, shared_.epoch) != shared_.epoch)
    shared_.plans = {};
  auto key = statement.text;
  for (const auto type : statement.declared)
    key += fmt::format("\x1f{}", static_cast<int>(type));
  return shared_.plans.of(key, read);
}

/// Reads a statement, or reads it anew after a definition has changed. A client that has prepared `SELECT *` was told
/// its columns then and would read other ones wrongly: like PostgreSQL this refuses to go on when they have changed.
void Session::plan(Statement& statement) {
  auto fresh = find_plan(statement);
  // epoch 0: it has never been planned, so its client was told nothing yet.
  const bool changed =
      statement.epoch != 0 && !std::equal(fresh.columns.begin(), fresh.columns.end(), statement.plan.columns.begin(),
                                          statement.plan.columns.end(), [](const Column& a, const Column& b) {
                                            return a.name == b.name && a.type.type == b.type.type;
                                          });
  if (changed)
    fail("0A000", "cached plan must not change result type");
  statement.plan = std::move(fresh);
  statement.keyword = statement.plan.keyword;
  statement.epoch = shared_.epoch;
  statement.compiled.clear();
  if (!statement.plan.defines)
    compile(statement); // a definition's statements build on each other
}

void Session::compile(Statement& statement) {
  for (const auto& sql : statement.plan.sql) {
    sqlite3_stmt* compiled = nullptr;
    if (sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size() + 1), SQLITE_PREPARE_PERSISTENT,
                           &compiled, nullptr) != SQLITE_OK)
      throw SqlFailure{last_error(&statement)};
    statement.compiled.emplace_back(compiled);
  }
}

/// Plans anew first when a definition has changed, so that the client hears of the columns that Execute will send.
std::variant<std::optional<std::vector<Column>>, SqlError> Session::describe(Statement& statement) {
  try {
    if (statement.control.empty()) {
      if (statement.epoch != shared_.epoch && !failed_) {
        forget_definitions();
        plan(statement);
      }
      if (!statement.plan.rows)
        return std::nullopt;
      return statement.plan.columns;
    }
    if (statement.keyword == "show")
      return show(statement.control).columns;
    if (statement.keyword == "fetch")
      if (const auto* columns = describe_cursor(statement.control[statement.control.size() - 2].text))
        return *columns;
    return std::nullopt;
  } catch (const SqlFailure& failure) {
    return failure.error;
  }
}

std::optional<async::Time> Session::deadline(std::chrono::milliseconds limit) const {
  return limit.count() == 0 ? std::nullopt : std::optional<async::Time>(server_.clock.now() + limit);
}

/// Takes the write lock and begins SQLite's transaction, unless this session has done so already. In a block both are
/// held until it ends. The wait ends with the earlier of lock_timeout and statement_timeout, and the error names which.
awaitable<std::optional<SqlError>> Session::begin_writing(Locking locking, std::string table) {
  if (writing_)
    co_return std::nullopt;
  // One lock stands for all rows: NOWAIT fails whenever anyone writes, whichever rows it wants.
  if (locking == Locking::nowait && !shared_.lock.is_free())
    co_return SqlError{"55P03", fmt::format("could not obtain lock on row in relation \"{}\"", table)};
  const auto lock_limit = deadline(settings().duration("lock_timeout"));
  const auto statement_limit = deadline(settings().duration("statement_timeout"));
  const bool lock_first = lock_limit && (!statement_limit || *lock_limit <= *statement_limit);
  const auto outcome = co_await shared_.lock.acquire(lock_first ? lock_limit : statement_limit, interrupted_);
  if (outcome == WriteLock::Outcome::interrupted)
    co_return interrupted();
  if (outcome == WriteLock::Outcome::timed_out)
    co_return lock_first ? SqlError{"55P03", "canceling statement due to lock timeout"}
                         : SqlError{"57014", "canceling statement due to statement timeout"};
  if (!run_always(begin_, "BEGIN IMMEDIATE")) {
    shared_.lock.release();
    co_return last_error(nullptr);
  }
  writing_ = true;
  // SQLite's transaction begins with the first write, so SAVEPOINTs that came earlier were only noted: if they were not
  // made here, a later ROLLBACK TO would find no savepoint in SQLite.
  for (std::size_t i = 0; i < savepoints_.size(); ++i) // those from before the first write
    sqlite3_exec(database_.get(), fmt::format("SAVEPOINT s{}", i).c_str(), nullptr, nullptr, nullptr);
  co_return std::nullopt;
}

/// Compiled once, like clients' statements. False when it failed; `last_error` says why.
bool Session::run_always(Compiled& compiled, const char* sql) {
  sqlite3_stmt* fresh = nullptr;
  if (compiled == nullptr &&
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &fresh, nullptr) == SQLITE_OK)
    compiled.reset(fresh);
  if (compiled == nullptr)
    return false;
  (void)sqlite3_step(compiled.get());
  return sqlite3_reset(compiled.get()) == SQLITE_OK;
}

/// Ends SQLite's transaction and hands the write lock on, in this order: the next writer must read what this one has
/// committed. A failed commit (a deferred foreign key) is rolled back, and its error returned. Does nothing for a
/// session that has not written.
std::optional<SqlError> Session::end_writing(End how) {
  if (!writing_)
    return std::nullopt;
  std::optional<SqlError> error;
  if (how == End::commit && !run_always(commit_, "COMMIT"))
    error = last_error(nullptr);
  if (how == End::rollback || error)
    (void)run_always(rollback_, "ROLLBACK");
  writing_ = false;
  if (std::exchange(defined_, false))
    ++shared_.epoch; // others may have read the definitions meanwhile
  shared_.lock.release();
  return error;
}

/// Called only when the transaction is read-only and the statement is not: throws PostgreSQL's refusal.
void Session::allow_write(const Statement& statement) const {
  if (statement.plan.locking != Locking::none && !statement.plan.writes)
    fail("25006", "cannot execute SELECT FOR UPDATE in a read-only transaction");
  const auto& tag = statement.plan.tag;
  fail("25006",
       fmt::format("cannot execute {} in a read-only transaction", tag.empty() ? upper(statement.keyword) : tag));
}

/// now() stands still within a transaction, so its time is taken here only outside of a block. A cancel request that
/// came while the session was idle is forgotten, as PostgreSQL forgets it; an ended session stays interrupted.
awaitable<Outcome> Session::execute(std::shared_ptr<Statement> statement, std::vector<Value> values) {
  environment_.statement_us = wall_clock_us();
  if (!in_block_)
    environment_.transaction_us = environment_.statement_us;
  interrupted_ = ended_;
  if (ended_)
    co_return interrupted();
  Outcome outcome;
  if (!statement->control.empty())
    outcome = co_await control(*statement, values);
  else if (failed_)
    outcome = aborted;
  else
    outcome = co_await run_data(*statement, values);
  // pg_sleep only notes its seconds while SQLite runs; waiting there would stop the loop and every other connection.
  if (std::holds_alternative<Result>(outcome) && environment_.sleep_seconds > 0)
    if (auto error = co_await sleep())
      outcome = *error;
  environment_.sleep_seconds = 0;
  if (std::holds_alternative<SqlError>(outcome))
    failed_ = in_block_;
  co_return outcome;
}

/// Wakes up early whenever anyone uses the write lock, which is how `interrupt` reaches it: hence the loop.
awaitable<std::optional<SqlError>> Session::sleep() {
  const auto ends = server_.clock.now() + std::chrono::duration_cast<async::Duration>(
                                              std::chrono::duration<double>(environment_.sleep_seconds));
  const auto limit = deadline(settings().duration("statement_timeout"));
  while (!interrupted_ && server_.clock.now() < ends && (!limit || server_.clock.now() < *limit))
    (void)co_await async::until(server_.clock, limit ? std::min(*limit, ends) : ends, shared_.lock.woken());
  if (interrupted_)
    co_return interrupted();
  if (limit && *limit < ends)
    co_return SqlError{"57014", "canceling statement due to statement timeout"};
  co_return std::nullopt;
}

awaitable<Outcome> Session::run_data(Statement& statement, const std::vector<Value>& values) {
  try {
    if (statement.epoch != shared_.epoch) {
      forget_definitions();
      plan(statement);
    }
    const auto& plan = statement.plan;
    const bool locks = plan.writes || plan.locking != Locking::none;
    if (locks && settings().is_on(in_block_ ? "transaction_read_only" : "default_transaction_read_only"))
      allow_write(statement);
    // Without BEGIN each statement that writes is a transaction by itself.
    const bool own_transaction = locks && !in_block_;
    if (locks && !writing_) {
      if (plan.locking == Locking::skip && !plan.writes && !shared_.lock.is_free())
        co_return Result{true, plan.columns, {}, "SELECT 0", {}}; // all rows count as locked by the one writer
      if (auto error = co_await begin_writing(plan.locking, plan.table))
        co_return *error;
      if (statement.epoch != shared_.epoch) { // somebody else's definition came first
        forget_definitions();
        try {
          this->plan(statement);
        } catch (...) {
          // The lock of this statement alone would never be released: no block's end follows.
          if (own_transaction)
            (void)end_writing(End::rollback);
          throw;
        }
      }
    }
    Outcome outcome;
    try {
      outcome = run(statement, values);
    } catch (const SqlFailure& failure) {
      outcome = failure.error;
    }
    if (plan.defines) {
      defined_ = true;
      ++shared_.epoch;
    }
    // Without a block an error undoes what the statement has done so far; in one, the client has to.
    const bool bad = std::holds_alternative<SqlError>(outcome);
    if (own_transaction)
      if (auto ending = end_writing(bad ? End::rollback : End::commit); ending && !bad)
        outcome = *ending;
    co_return outcome;
  } catch (const SqlFailure& failure) {
    co_return failure.error;
  }
}

Result Session::run(Statement& statement, const std::vector<Value>& values) {
  const auto& plan = statement.plan;
  if (plan.defines) {
    // Compiled one after the other, since an index needs the table that the statement before it makes. All or nothing
    // needs no savepoint: after an error the transaction can only be rolled back, the statement's own or the block's.
    statement.compiled.clear();
    for (const auto& sql : plan.sql)
      if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw SqlFailure{last_error(&statement)};
    return {false, {}, {}, plan.tag, plan.notices};
  }
  constexpr std::size_t most_result = 64U << 20U; // it is held until the client has read it
  std::size_t size = 0;
  Result result{plan.rows, plan.columns, {}, plan.tag, plan.notices};
  // The loop stands still while SQLite works: what goes on and on is ended, as a server's statement_timeout ends it.
  constexpr int look_every = 10'000, most_looks = 10'000;
  int looks = 0;
  sqlite3_progress_handler(
      database_.get(), look_every, [](void* count) { return ++*static_cast<int*>(count) > most_looks ? 1 : 0; },
      &looks);
  struct NoProgress {
    sqlite3* database;
    ~NoProgress() { sqlite3_progress_handler(database, 0, nullptr, nullptr); }
  } const no_progress{database_.get()};
  std::optional<WrittenRows> written;
  if (plan.writes_rows_once)
    written.emplace(database_.get(), plan.table);
  for (const auto& compiled : statement.compiled) {
    struct Reset {
      sqlite3_stmt* statement;
      ~Reset() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
      }
    } const reset{compiled.get()};
    // A client may declare, and send, parameters that the statement does not use.
    const auto wanted = static_cast<std::size_t>(sqlite3_bind_parameter_count(compiled.get()));
    for (std::size_t i = 0; i < std::min(values.size(), wanted); ++i)
      bind(compiled.get(), static_cast<int>(i) + 1, plan.parameters[i], values[i]);
    for (;;) {
      const int status = sqlite3_step(compiled.get());
      if (status == SQLITE_DONE)
        break;
      if (status == SQLITE_INTERRUPT && looks > most_looks)
        fail("57014", "canceling statement due to statement timeout",
             "The postgres fake runs a statement for a bounded number of steps: use provider = \"server\" for it.");
      if (status != SQLITE_ROW)
        throw SqlFailure{last_error(&statement)};
      if (!plan.rows)
        continue;
      auto& row = result.rows.emplace_back();
      row.reserve(plan.columns.size());
      size += sizeof(std::vector<Value>);
      for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        row.push_back(value_of(compiled.get(), static_cast<int>(i)));
        size += sizeof(Value) + static_cast<std::size_t>(sqlite3_column_bytes(compiled.get(), static_cast<int>(i)));
      }
      if (size > most_result)
        fail("53200", "out of memory",
             fmt::format("The postgres fake holds a result of up to {} MiB: use provider = \"server\" for more.",
                         most_result >> 20U));
    }
  }
  if (written && written->any_twice())
    fail("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time",
         "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.");
  if (!result.tag.empty())
    return result;
  // The rows of an upsert or UPDATE with RETURNING count too: SQLite counts changes, not results.
  const int changes = sqlite3_changes(database_.get());
  if (plan.keyword == "insert")
    result.tag = fmt::format("INSERT 0 {}", changes);
  else if (plan.keyword == "update")
    result.tag = fmt::format("UPDATE {}", changes);
  else if (plan.keyword == "delete")
    result.tag = fmt::format("DELETE {}", changes);
  else
    result.tag = fmt::format("SELECT {}", result.rows.size());
  return result;
}

void Session::begin_implicit() {
  if (in_block_)
    return;
  implicit_ = true;
  begin_block();
}

/// A COMMIT or BEGIN among the statements may have ended it or made it the client's own: then nothing is left to do.
std::optional<SqlError> Session::end_implicit() {
  if (!implicit_)
    return std::nullopt;
  const bool failed = failed_;
  auto error = end_writing(failed ? End::rollback : End::commit);
  end_block(!failed && !error);
  return error;
}

} // namespace holdfast::fakes::pg
