// GROUP BY, HAVING, ORDER BY, LIMIT and the locking clauses.
#include "fakes/postgres/analyzer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

std::string unquoted(std::string sql) {
  std::erase(sql, '"');
  return sql;
}

} // namespace

/// Also checks that columns outside of aggregates are grouped by: SQLite would answer with those of any row.
void Analyzer::group_by(Query& query) {
  auto& level = *level_;
  // The columns of the select list wait until the groups are known; those in GROUP BY itself need no check.
  const auto loose_in_list = std::move(level.loose);
  level.loose.clear();
  std::vector<std::string> groups;
  if (accept_all({"group", "by"})) {
    level.grouped = true;
    do {
      std::string sql;
      if (peek().kind == Token::Kind::number) {
        const auto index = static_cast<std::size_t>(number_in(tokens_[at_++]));
        if (index < 1 || index > query.items.size())
          fail("42P10", fmt::format("GROUP BY position {} is not in select list", index));
        sql = query.items[index - 1].sql;
      } else {
        // A column of a table comes before a column of the result.
        const auto name = at_name() && !is_symbol(".", 1) && !is_symbol("(", 1) ? peek().text : std::string{};
        const auto named = std::find_if(query.items.begin(), query.items.end(),
                                        [&](const auto& item) { return !name.empty() && item.name == name; });
        const bool in_tables =
            std::any_of(scope_->relations.begin(), scope_->relations.end(), [&](const auto& relation) {
              return std::any_of(relation.columns.begin(), relation.columns.end(),
                                 [&](const auto& column) { return column.name == name; });
            });
        if (named != query.items.end() && !in_tables) {
          ++at_;
          sql = named->sql;
        } else {
          sql = ordering(expression());
        }
      }
      groups.push_back(sql);
      level.groups.insert(sql);
    } while (accept_symbol(","));
    query.tail += " GROUP BY ";
    for (std::size_t i = 0; i < groups.size(); ++i)
      query.tail += (i > 0 ? ", " : "") + groups[i];
  }
  level.loose.clear();
  if (accept("having")) {
    level.grouped = true;
    query.tail += " HAVING " + condition("HAVING").sql;
  }
  if (!level.grouped && !level.aggregates)
    return;
  // With its primary key among the groups all of a table's columns are decided.
  std::set<std::string> decided;
  for (const auto& relation : scope_->relations)
    for (const auto& column : relation.columns)
      if (column.key && level.groups.contains(column.sql))
        decided.insert(relation.alias);
  auto loose = level.loose;
  // A column is decided too where it is part of an expression that is grouped by: SELECT a + 1 … GROUP BY a + 1.
  for (const auto& sql : loose_in_list) {
    const bool in_item = std::any_of(query.items.begin(), query.items.end(), [&](const auto& item) {
      return level.groups.contains(item.sql) && item.sql.find(sql) != std::string::npos;
    });
    if (!in_item)
      loose.push_back(sql);
  }
  for (const auto& sql : loose) {
    const auto name = unquoted(sql);
    if (!level.groups.contains(sql) && !level.groups.contains("(" + sql + " COLLATE pg_numeric)") &&
        !decided.contains(name.substr(0, name.find('.'))))
      fail("42803",
           fmt::format("column \"{}\" must appear in the GROUP BY clause or be used in an aggregate function", name));
  }
}

/// One item of ORDER BY. A bare number or name means a column of the result, anything else is an expression over the
/// tables; after a set operation there are only names. `query` is null inside of an aggregate or OVER.
std::string Analyzer::order_item(const Query* query) {
  std::string sql;
  bool numeric = false;
  const auto by_number = [&](std::size_t index) {
    numeric = type_of(query->items[index]) == Type::numeric;
    sql = std::to_string(index + 1);
    if (type_of(query->items[index]) == Type::interval && query->compound.empty()) {
      numeric = false;
      sql = ordering(query->items[index]);
    }
  };
  const bool ends = is_symbol(",", 1) || is_symbol(")", 1) || is_symbol(";", 1) || is_word("asc", 1) ||
                    is_word("desc", 1) || is_word("nulls", 1) || is_word("limit", 1) || is_word("offset", 1) ||
                    is_word("for", 1) || is_word("fetch", 1) || peek(1).kind == Token::Kind::end;
  if (query != nullptr && peek().kind == Token::Kind::number && ends) {
    const auto index = static_cast<std::size_t>(number_in(tokens_[at_++]));
    if (index < 1 || index > query->items.size())
      fail("42P10", fmt::format("ORDER BY position {} is not in select list", index));
    by_number(index - 1);
  } else {
    const auto named =
        query == nullptr || !at_name() || !ends
            ? std::size_t{SIZE_MAX}
            : static_cast<std::size_t>(std::find_if(query->items.begin(), query->items.end(),
                                                    [&](const auto& item) { return item.name == peek().text; }) -
                                       query->items.begin());
    if (query != nullptr && named < query->items.size()) {
      ++at_;
      by_number(named);
    } else if (query != nullptr && !query->compound.empty()) {
      fail("42703", fmt::format("column \"{}\" does not exist", peek().text));
    } else {
      sql = ordering(expression());
    }
  }
  if (numeric)
    sql += " COLLATE pg_numeric";
  const bool down = accept("desc");
  if (!down)
    accept("asc");
  // PostgreSQL takes nulls for the greatest values, SQLite for the least: their place is always written out.
  bool first = down;
  if (accept("nulls")) {
    first = accept("first");
    if (!first)
      expect("last");
  }
  return sql + (down ? " DESC" : " ASC") + (first ? " NULLS FIRST" : " NULLS LAST");
}

void Analyzer::order_by(Query& query) {
  if (!accept_all({"order", "by"}))
    return;
  const char* separator = " ORDER BY ";
  do {
    query.order += separator + order_item(&query);
    separator = ", ";
  } while (accept_symbol(","));
}

/// A LIMIT of null is no limit, which SQLite writes as -1. It takes OFFSET only after LIMIT.
void Analyzer::limits(Query& query) {
  std::string limit, offset;
  for (;;) {
    if (accept("limit")) {
      limit = accept("all") ? "-1" : "ifnull(" + coerce(expression(), {Type::int8}, How::assignment).sql + ", -1)";
    } else if (accept("offset")) {
      offset = coerce(expression(), {Type::int8}, How::assignment).sql;
      if (!accept("rows"))
        accept("row");
    } else if (accept("fetch")) {
      if (!accept("first"))
        expect("next");
      limit = peek().kind == Token::Kind::number || is_symbol("(") || peek().kind == Token::Kind::parameter
                  ? coerce(primary(), {Type::int8}).sql
                  : "1";
      if (!accept("rows"))
        expect("row");
      expect("only");
    } else {
      break;
    }
  }
  if (!limit.empty() || !offset.empty())
    query.order += " LIMIT " + (limit.empty() ? "-1" : limit);
  if (!offset.empty())
    query.order += " OFFSET " + offset;
}

/// FOR UPDATE and its kin may stand before LIMIT too.
void Analyzer::locking(Query& query) {
  while (accept("for")) {
    if (accept_all({"read", "only"})) // of a cursor
      continue;
    if (accept("no"))
      expect("key");
    else
      accept("key");
    if (!accept("share"))
      expect("update");
    if (accept("of"))
      do
        (void)expect_name();
      while (accept_symbol(","));
    plan_.locking = accept("nowait") ? Locking::nowait : accept_all({"skip", "locked"}) ? Locking::skip : Locking::wait;
  }
  if (is_word("limit") || is_word("offset"))
    limits(query);
}

} // namespace holdfast::fakes::pg
