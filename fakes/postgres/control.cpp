// Statements about transactions, settings, cursors and locks. They never reach SQLite as written: its transaction
// begins only with the first write, and it has no settings. They are read by position in their words, not by Analyzer.
#include "fakes/postgres/moment.hpp"
#include "fakes/postgres/session.hpp"

#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace holdfast::fakes::pg {

using boost::asio::awaitable;

namespace {

bool word_is(const Words& words, std::size_t at, std::string_view word) {
  return words[at].kind == Token::Kind::word && words[at].text == word;
}

[[noreturn]] void syntax_error(const Words& words, std::size_t at) {
  if (words[at].kind == Token::Kind::end)
    fail("42601", "syntax error at end of input");
  fail("42601", fmt::format("syntax error at or near \"{}\"", words[at].text));
}

Result done(std::string tag) {
  return {false, {}, {}, std::move(tag), {}};
}

Result warned(std::string tag, std::string state, std::string message) {
  auto result = done(std::move(tag));
  result.notices.push_back({std::move(state), std::move(message)});
  return result;
}

/// What stands after SET name TO.
std::string value_from(const Words& words, std::size_t at) {
  std::string value;
  if (words[at].kind == Token::Kind::end)
    syntax_error(words, at);
  for (; words[at].kind != Token::Kind::end; ++at) {
    const auto& token = words[at];
    if (token.kind == Token::Kind::symbol && token.text == ",")
      value += ", ";
    else if (token.kind == Token::Kind::symbol && token.text != "-")
      syntax_error(words, at);
    else
      value += token.text;
  }
  return value;
}

} // namespace

/// Among them those that the fake refuses: here they end in "does not support", in Analyzer in a syntax error.
bool is_control(std::string_view keyword) {
  static const std::set<std::string_view> all = {
      "begin",      "start",   "commit",  "end",     "rollback", "abort",      "savepoint", "release",
      "set",        "reset",   "show",    "discard", "listen",   "notify",     "unlisten",  "copy",
      "lock",       "vacuum",  "grant",   "revoke",  "fetch",    "move",       "declare",   "close",
      "prepare",    "execute", "do",      "call",    "explain",  "deallocate", "analyze",   "comment",
      "checkpoint", "reindex", "cluster", "merge",   "refresh"};
  return all.contains(keyword);
}

/// Runs a statement about the session. What PostgreSQL has and the fake has not ends in `unsupported`.
awaitable<Outcome> Session::control(const Statement& statement, const std::vector<Value>& values) {
  const auto& keyword = statement.keyword;
  const auto& words = statement.control;
  try {
    if (auto outcome = transaction_control(statement)) {
      // Above read committed a transaction must not see what others commit after it began, and the fake keeps no old
      // versions of rows: such a transaction takes the write lock at once, so that no others commit until it ends.
      const bool opens = keyword == "begin" || keyword == "start" || keyword == "set";
      const auto* level = settings().changed("transaction_isolation");
      if (opens && in_block_ && !implicit_ && level != nullptr && !level->starts_with("read "))
        if (auto error = co_await begin_writing(Locking::wait, {}))
          co_return *error;
      co_return *outcome;
    }
    if (keyword == "reset")
      co_return reset(words);
    if (keyword == "show")
      co_return show(words);
    if (keyword == "discard")
      co_return discard(words);
    if (keyword == "deallocate") {
      const std::size_t at = word_is(words, 1, "prepare") ? 2 : 1;
      const bool all = word_is(words, at, "all");
      if (words[at].kind == Token::Kind::end)
        syntax_error(words, at);
      forget_prepared(all ? std::string{} : words[at].text);
      co_return done(all ? "DEALLOCATE ALL" : "DEALLOCATE");
    }
    if (keyword == "declare")
      co_return co_await declare(statement, values);
    if (keyword == "fetch" || keyword == "move")
      co_return fetch(words);
    if (keyword == "close")
      co_return close_cursor(words);
    if (keyword == "unlisten")
      co_return done("UNLISTEN"); // there is nothing that could be listened to
    if (keyword == "lock") {
      if (!in_block_ || implicit_)
        fail("25P01", "LOCK TABLE can only be used in transaction blocks");
      if (auto error =
              co_await begin_writing(words[words.size() - 2].text == "nowait" ? Locking::nowait : Locking::wait, {}))
        co_return *error;
      co_return done("LOCK TABLE");
    }
    if (keyword == "vacuum" || keyword == "analyze")
      co_return done(keyword == "vacuum" ? "VACUUM" : "ANALYZE"); // there is nothing that it would change
    unsupported(keyword);
  } catch (const SqlFailure& failure) {
    co_return failure.error;
  }
}

/// Nothing when the statement is not about transactions. In a failed transaction only COMMIT, ROLLBACK and ROLLBACK TO
/// are let through; anything else throws.
std::optional<Outcome> Session::transaction_control(const Statement& statement) {
  const auto& keyword = statement.keyword;
  const auto& words = statement.control;
  const bool to_savepoint = keyword == "rollback" && std::any_of(words.begin(), words.end(), [](const Token& token) {
                              return token.kind == Token::Kind::word && token.text == "to";
                            });
  if (keyword == "commit" || keyword == "end")
    return commit();
  if ((keyword == "rollback" && !to_savepoint) || keyword == "abort")
    return rollback();
  if (failed_ && !to_savepoint)
    throw SqlFailure{aborted};
  if (keyword == "begin" || keyword == "start")
    return begin(words);
  if (to_savepoint || keyword == "savepoint" || keyword == "release")
    return savepoint_control(statement);
  if (keyword == "set")
    return set(words);
  return std::nullopt;
}

/// Touches neither SQLite nor the write lock: a transaction that only reads never needs them.
void Session::begin_block() {
  in_block_ = true;
  failed_ = false;
  environment_.transaction_us = wall_clock_us();
  settings().begin_transaction();
  if (const auto* level = settings().changed("default_transaction_isolation"))
    settings().set("transaction_isolation", std::string(*level), Settings::Scope::transaction);
  if (settings().is_on("default_transaction_read_only"))
    settings().set("transaction_read_only", "on", Settings::Scope::transaction);
}

/// To be called after `end_writing`, whose error decides whether the block has committed. Cursors WITH HOLD outlive a
/// commit and nothing else.
void Session::end_block(bool commits) {
  in_block_ = implicit_ = failed_ = false;
  savepoints_.clear();
  std::erase_if(cursors_, [&](const auto& one) { return !one.second.holds || !commits; });
  settings().end_transaction(commits ? End::commit : End::rollback);
}

/// BEGIN among several statements of one message takes over their implicit transaction, so what ran before it in the
/// message belongs to the block, as in PostgreSQL.
Outcome Session::begin(const Words& words) {
  if (in_block_ && !implicit_) {
    transaction_modes(words, 1);
    return warned("BEGIN", "25001", "there is already a transaction in progress");
  }
  implicit_ = false;
  if (!in_block_)
    begin_block();
  transaction_modes(words, 1);
  return done(word_is(words, 0, "start") ? "START TRANSACTION" : "BEGIN");
}

/// The modes after BEGIN or SET TRANSACTION, for this transaction alone. DEFERRABLE is read and changes nothing.
void Session::transaction_modes(const Words& words, std::size_t at) {
  if (word_is(words, at, "transaction") || word_is(words, at, "work"))
    ++at;
  for (; words[at].kind != Token::Kind::end; ++at) {
    if (words[at].text == ",")
      continue;
    if (word_is(words, at, "isolation") && word_is(words, at + 1, "level")) {
      at += 2;
      auto level = words[at].text;
      if (level == "repeatable" || level == "read")
        level += " " + words[++at].text;
      settings().set("transaction_isolation", level, Settings::Scope::transaction);
    } else if (word_is(words, at, "read") && (word_is(words, at + 1, "only") || word_is(words, at + 1, "write"))) {
      settings().set("transaction_read_only", words[++at].text == "only" ? "on" : "off", Settings::Scope::transaction);
    } else if (word_is(words, at, "not") && word_is(words, at + 1, "deferrable")) {
      ++at;
    } else if (!word_is(words, at, "deferrable")) {
      syntax_error(words, at);
    }
  }
}

/// COMMIT of a failed transaction rolls back and says so with its tag, ROLLBACK: that is not an error in PostgreSQL.
Outcome Session::commit() {
  if (!in_block_ || implicit_) {
    if (!implicit_)
      return warned("COMMIT", "25P01", "there is no transaction in progress");
  }
  const bool failed = failed_;
  auto error = end_writing(failed ? End::rollback : End::commit);
  end_block(!failed && !error);
  if (error)
    return *error;
  return done(failed ? "ROLLBACK" : "COMMIT");
}

/// Rolls back whatever there is, an implicit transaction too; without one it warns, as PostgreSQL does.
Outcome Session::rollback() {
  const bool any = in_block_;
  auto error = end_writing(End::rollback);
  if (any)
    end_block(false);
  if (error)
    return *error;
  return any ? done("ROLLBACK") : warned("ROLLBACK", "25P01", "there is no transaction in progress");
}

/// In SQLite a savepoint is called s0, s1, … by its depth. The client's names may repeat, and the latest of a name is
/// meant. Before the first write SQLite knows none of them: `begin_writing` makes them then.
std::optional<Outcome> Session::savepoint_control(const Statement& statement) {
  const auto& keyword = statement.keyword;
  const auto& words = statement.control;
  const auto shown = keyword == "rollback"  ? "ROLLBACK TO SAVEPOINT"
                     : keyword == "release" ? "RELEASE SAVEPOINT"
                                            : "SAVEPOINT";
  if (!in_block_ || implicit_)
    fail("25P01", fmt::format("{} can only be used in transaction blocks", shown));
  const auto name = words[words.size() - 2].text;
  const auto run = [&](const std::string& sql) {
    if (writing_ && sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw SqlFailure{last_error(nullptr)};
  };
  if (keyword == "savepoint") {
    run(fmt::format("SAVEPOINT s{}", savepoints_.size()));
    savepoints_.push_back({name, settings().snapshot()});
    return done("SAVEPOINT");
  }
  const auto found =
      std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&](const auto& one) { return one.name == name; });
  if (found == savepoints_.rend())
    fail("3B001", fmt::format("savepoint \"{}\" does not exist", name));
  const auto index = static_cast<std::size_t>(std::distance(found, savepoints_.rend())) - 1;
  if (keyword == "release") {
    run(fmt::format("RELEASE s{}", index));
    savepoints_.resize(index);
    return done("RELEASE");
  }
  run(fmt::format("ROLLBACK TO s{}", index));
  if (defined_)
    ++shared_.epoch; // definitions may have been undone
  // SET is undone by ROLLBACK TO. Restored only if something differs, since each change is reported to the client.
  if (settings().snapshot() != savepoints_[index].settings)
    settings().restore(savepoints_[index].settings);
  // The savepoint itself stays: it can be rolled back to again.
  savepoints_.resize(index + 1);
  failed_ = false;
  return done("ROLLBACK");
}

/// SET in its forms. Where a form needs a block and there is none, PostgreSQL warns and does nothing.
Result Session::set(const Words& words) {
  std::size_t at = 1;
  auto scope = Settings::Scope::session;
  if (word_is(words, at, "session") && word_is(words, at + 1, "characteristics")) {
    // SET SESSION CHARACTERISTICS AS TRANSACTION …
    at += 4;
    if (!word_is(words, at - 1, "transaction") || words[at].kind == Token::Kind::end)
      syntax_error(words, at);
    for (; words[at].kind != Token::Kind::end; ++at) {
      if (word_is(words, at, "level"))
        settings().set("default_transaction_isolation",
                       words[at + 1].text + (words[at + 2].kind == Token::Kind::word ? " " + words[at + 2].text : ""),
                       scope);
      if (word_is(words, at, "only") || word_is(words, at, "write"))
        settings().set("default_transaction_read_only", words[at].text == "only" ? "on" : "off", scope);
    }
    return done("SET");
  }
  if (word_is(words, at, "transaction")) {
    if (!in_block_ || implicit_)
      return warned("SET", "25P01", "SET TRANSACTION can only be used in transaction blocks");
    transaction_modes(words, 2);
    return done("SET");
  }
  if (word_is(words, at, "local") || word_is(words, at, "session")) {
    if (words[at].text == "local")
      scope = Settings::Scope::transaction;
    ++at;
  }
  if (words[at].kind == Token::Kind::end)
    syntax_error(words, at);
  if (scope == Settings::Scope::transaction && (!in_block_ || implicit_))
    return warned("SET", "25P01", "SET LOCAL can only be used in transaction blocks");
  std::string name = words[at].text;
  if (word_is(words, at, "time") && word_is(words, at + 1, "zone")) {
    name = "timezone";
    at += 2;
    if (word_is(words, at, "local") || word_is(words, at, "default"))
      return settings().reset(name), done("SET");
    settings().set(name, value_from(words, at), scope);
    return done("SET");
  }
  if (name == "names") {
    settings().set("client_encoding", value_from(words, at + 1), scope);
    return done("SET");
  }
  if (name == "role" || name == "constraints" || (name == "authorization" && at == 2))
    unsupported("SET " + name);
  for (++at; words[at].text == "." && words[at].kind == Token::Kind::symbol; at += 2)
    name += "." + words[at + 1].text;
  if (words[at].text != "=" && !word_is(words, at, "to"))
    syntax_error(words, at);
  ++at;
  if (word_is(words, at, "default"))
    settings().reset(name);
  else
    settings().set(name, value_from(words, at), scope);
  return done("SET");
}

Result Session::reset(const Words& words) {
  if (word_is(words, 1, "all"))
    settings().reset_all();
  else if (word_is(words, 1, "time"))
    settings().reset("timezone");
  else
    settings().reset(words[1].text);
  return done("RESET");
}

Result Session::show(const Words& words) const {
  std::string name = words[1].text;
  if (word_is(words, 1, "time") && word_is(words, 2, "zone"))
    name = "timezone";
  if (word_is(words, 1, "transaction") && word_is(words, 2, "isolation"))
    name = "transaction_isolation";
  if (name == "all")
    unsupported("SHOW ALL");
  for (std::size_t at = 2; words[at].text == "." && words[at].kind == Token::Kind::symbol; at += 2)
    name += "." + words[at + 1].text;
  const auto value = environment_.settings.get(name);
  if (!value)
    fail("42704", fmt::format("unrecognized configuration parameter \"{}\"", name));
  return {true, {{Settings::title(name), {Type::text}}}, {{Value(*value)}}, "SHOW", {}};
}

Result Session::discard(const Words& words) {
  const auto what = words[1].text;
  if (what != "all" && what != "plans" && what != "sequences" && what != "temp" && what != "temporary")
    syntax_error(words, 1);
  if (what == "all") {
    if (in_block_ && !implicit_)
      fail("25001", "DISCARD ALL cannot run inside a transaction block");
    settings().reset_all();
    cursors_.clear();
    forget_prepared({});
  }
  if (what == "all" || what == "sequences") {
    environment_.drawn.clear();
    environment_.last_drawn.reset();
  }
  return done(what == "all"         ? "DISCARD ALL"
              : what == "plans"     ? "DISCARD PLANS"
              : what == "sequences" ? "DISCARD SEQUENCES"
                                    : "DISCARD TEMP");
}

} // namespace holdfast::fakes::pg
