// DECLARE, FETCH, MOVE and CLOSE. A cursor's rows are read when it is declared, as one that is insensitive does it.
#include "fakes/postgres/session.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

using boost::asio::awaitable;

Session::Cursor& Session::cursor(const std::string& name) {
  const auto found = cursors_.find(name);
  if (found == cursors_.end())
    fail("34000", fmt::format("cursor \"{}\" does not exist", name));
  return found->second;
}

/// Prepares the query after FOR as a statement of its own. Its parameters become those of the DECLARE, to which the
/// client binds values.
void Session::plan_cursor(Statement& statement) {
  const auto& words = statement.control;
  const auto query = std::find_if(words.begin(), words.end(), [](const Token& token) {
    return token.kind == Token::Kind::end || (token.kind == Token::Kind::word && token.text == "for");
  });
  if (query->kind == Token::Kind::end || std::next(query)->kind == Token::Kind::end)
    fail("42601", "syntax error at end of input");
  auto prepared = prepare(statement.text.substr(std::next(query)->begin), statement.declared);
  if (const auto* error = std::get_if<SqlError>(&prepared))
    throw SqlFailure{*error};
  statement.query = std::get<0>(std::move(prepared));
  statement.plan.parameters = statement.query->plan.parameters;
}

/// A cursor without WITH HOLD ends with its transaction. Outside of a block that is the DECLARE itself, so PostgreSQL
/// refuses it.
awaitable<Outcome> Session::declare(const Statement& statement, const std::vector<Value>& values) {
  const auto& words = statement.control;
  const auto name = words[1].text;
  const bool holds = std::adjacent_find(words.begin(), words.end(), [](const Token& a, const Token& b) {
                       return a.text == "with" && b.text == "hold";
                     }) != words.end();
  if ((!in_block_ || implicit_) && !holds)
    co_return SqlError{"25P01", "DECLARE CURSOR can only be used in transaction blocks"};
  if (cursors_.contains(name))
    co_return SqlError{"42P03", fmt::format("cursor \"{}\" already exists", name)};
  auto outcome = co_await run_data(*statement.query, values);
  if (auto* error = std::get_if<SqlError>(&outcome))
    co_return *error;
  cursors_[name] = {std::get<Result>(std::move(outcome)), 0, holds};
  co_return Result{false, {}, {}, "DECLARE CURSOR", {}};
}

const std::vector<Column>* Session::describe_cursor(const std::string& name) const {
  const auto found = cursors_.find(name);
  return found == cursors_.end() ? nullptr : &found->second.result.columns;
}

Result Session::fetch(const Words& words) {
  const bool moves = words[0].text == "move";
  // The last word is the name, whatever stands before it; behind it is only the end.
  const auto name = words[words.size() - 2].text;
  auto& cursor = this->cursor(name);
  const auto size = cursor.result.rows.size();
  // [direction] [count] [FROM | IN] name
  bool backward = false, all = false;
  std::size_t count = 1;
  for (std::size_t at = 1; at + 2 < words.size(); ++at) {
    const auto& word = words[at].text;
    if (words[at].kind == Token::Kind::number)
      count = static_cast<std::size_t>(number_in(words[at]));
    else if (word == "all")
      all = true;
    else if (word == "backward" || word == "prior")
      backward = true;
    else if (word != "next" && word != "forward" && word != "from" && word != "in")
      unsupported(fmt::format("{} {}", moves ? "MOVE" : "FETCH", word));
  }
  Result result{!moves, {}, {}, {}, {}};
  if (!moves)
    result.columns = cursor.result.columns;
  std::size_t seen = 0;
  while (all || seen < count) {
    // At either end the position goes one beyond the rows: FETCH PRIOR from behind the last row gives the last row, not
    // the one before it.
    if (backward ? cursor.position <= 1 : cursor.position >= size) {
      cursor.position = backward ? 0 : size + 1;
      break;
    }
    cursor.position += backward ? std::size_t(-1) : 1;
    ++seen;
    if (!moves)
      result.rows.push_back(cursor.result.rows[cursor.position - 1]);
  }
  result.tag = fmt::format("{} {}", moves ? "MOVE" : "FETCH", seen);
  return result;
}

Result Session::close_cursor(const Words& words) {
  if (words[1].kind == Token::Kind::word && words[1].text == "all") {
    cursors_.clear();
    return {false, {}, {}, "CLOSE CURSOR ALL", {}};
  }
  (void)cursor(words[1].text);
  cursors_.erase(words[1].text);
  return {false, {}, {}, "CLOSE CURSOR", {}};
}

} // namespace holdfast::fakes::pg
