// SELECT, VALUES, WITH and set operations. A rule returns a Query and not yet its SQL, because a caller may still cast
// its columns: INSERT … SELECT 'x' and UNION give their literals the type of the column or of the other side.
#include "fakes/postgres/analyzer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace holdfast::fakes::pg {

namespace {

/// Sets a variable of the analyzer while a rule runs, and puts the old value back when the rule is left, by a throw
/// too.
template <class T>
class Restore {
public:
  Restore(T& place, T value) : place_(place), before_(std::move(place)) { place_ = std::move(value); }
  ~Restore() { place_ = std::move(before_); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

private:
  T& place_;
  T before_;
};

} // namespace

/// The aggregates and columns of a subquery do not count for the SELECT around it, nor is it forbidden an aggregate
/// because it stands in a WHERE.
std::string Analyzer::subquery(std::vector<Column>* columns) {
  Restore level(level_, static_cast<Level*>(nullptr));
  Restore place(no_aggregates_in_, std::string{});
  auto inner = query();
  auto sql = sql_of(inner, true);
  if (columns != nullptr)
    for (const auto& item : inner.items)
      columns->push_back({item.name, item.type});
  return sql;
}

/// Writes the query for SQLite. With `settle`, literals whose type is still open become text. DISTINCT on numerics must
/// compare them as numbers: SQLite keeps them as text, in which 1.0 and 1.00 differ.
std::string Analyzer::sql_of(Query& query, bool settle) {
  if (query.compound.empty()) {
    std::string list;
    for (std::size_t i = 0; i < query.items.size(); ++i) {
      auto& item = query.items[i];
      if (settle && is_unknown(type_of(item)))
        item = coerce(std::move(item), {Type::text});
      item.type.type = type_of(item);
      const bool collated = query.distinct && item.type.type == Type::numeric;
      list += fmt::format("{}{}{} AS {}", list.empty() ? "" : ", ", item.sql, collated ? " COLLATE pg_numeric" : "",
                          quoted_name(query.names[i]));
    }
    return query.with + query.head + (list.empty() ? "1" : list) + query.tail + query.order;
  }
  return query.with + query.compound + query.order;
}

/// A whole query: WITH, terms joined by set operations, then ORDER BY, LIMIT and locking for all of them. What WITH
/// defines is forgotten again at its end.
Query Analyzer::query() {
  const Deeper deeper(depth_);
  const auto known = ctes_.size();
  Query prefix;
  if (is_word("with"))
    with(prefix);
  auto result = query_term(Order::own);
  while (is_word("union") || is_word("intersect") || is_word("except")) {
    auto word = tokens_[at_++].text;
    if (accept("all")) {
      if (word != "union")
        unsupported(word + " ALL");
      word = "union all";
    } else {
      accept("distinct");
    }
    if (!recursive_.empty() && result.compound.empty()) { // the first part gives the columns of WITH RECURSIVE
      for (auto& item : result.items)
        if (is_unknown(type_of(item)))
          item = coerce(std::move(item), {Type::text});
      std::vector<Column> columns;
      for (std::size_t i = 0; i < result.items.size(); ++i)
        columns.push_back(
            {i < recursive_names_.size() ? recursive_names_[i] : result.items[i].name, result.items[i].type});
      ctes_.emplace_back(std::exchange(recursive_, {}), std::move(columns));
    }
    auto right = query_term(Order::of_the_whole);
    if (result.items.size() != right.items.size())
      fail("42601", fmt::format("each {} query must have the same number of columns", word == "intersect" ? "INTERSECT"
                                                                                      : word == "except"  ? "EXCEPT"
                                                                                                          : "UNION"));
    if (result.compound.empty() && right.compound.empty())
      for (std::size_t i = 0; i < result.items.size(); ++i)
        unify({&result.items[i], &right.items[i]}, "UNION");
    result.distinct = right.distinct = result.distinct || word != "union all";
    // SQLite has no parentheses around parts of a set operation.
    const bool nested = !right.compound.empty() || !right.order.empty() || !result.order.empty();
    if (nested)
      unsupported("nested set operations");
    result.compound = sql_of(result, true) + " " + word + " " + sql_of(right, true);
    for (auto& item : result.items)
      item.sql = "?column?"; // only its name can be used from here on
  }
  order_by(result);
  limits(result);
  locking(result);
  result.with = prefix.with;
  ctes_.resize(known);
  return result;
}

Query Analyzer::query_term(Order order) {
  if (accept_symbol("(")) {
    auto inner = query();
    expect_symbol(")");
    return inner;
  }
  if (accept("values"))
    return values();
  if (accept("table"))
    unsupported("TABLE");
  expect("select");
  return select(order);
}

/// VALUES as SELECTs joined by UNION ALL. Each column gets one type, common to all rows.
Query Analyzer::values() {
  std::vector<std::vector<Expression>> rows;
  do {
    expect_symbol("(");
    auto& row = rows.emplace_back();
    do
      row.push_back(expression());
    while (accept_symbol(","));
    expect_symbol(")");
    if (row.size() != rows[0].size())
      fail("42601", "VALUES lists must all be the same length");
  } while (accept_symbol(","));
  for (std::size_t column = 0; column < rows[0].size(); ++column) {
    std::vector<Expression*> all;
    for (auto& row : rows)
      all.push_back(&row[column]);
    unify(all, "VALUES");
  }
  Query result;
  result.head = "SELECT ";
  result.items = rows[0];
  for (std::size_t column = 0; column < rows[0].size(); ++column) {
    result.names.push_back("column" + std::to_string(column + 1));
    result.items[column].name = result.names.back();
  }
  if (rows.size() == 1)
    return result;
  for (auto& row : rows) {
    std::string list;
    for (std::size_t column = 0; column < row.size(); ++column)
      list += (list.empty() ? "" : ", ") + row[column].sql + " AS " + quoted_name(result.names[column]);
    result.compound += (result.compound.empty() ? "SELECT " : " UNION ALL SELECT ") + list;
  }
  return result;
}

/// One SELECT up to HAVING. Columns found while the list is read are checked against GROUP BY at the end.
Query Analyzer::select(Order order) {
  Query result;
  result.head = "SELECT ";
  if (accept("distinct")) {
    if (is_word("on"))
      unsupported("DISTINCT ON");
    result.head += "DISTINCT ";
    result.distinct = true;
  } else {
    accept("all");
  }
  // FROM is read first, since the list before it needs its columns: skip to FROM, read it, and come back to the list.
  // The FROM of IS DISTINCT FROM is not the clause.
  const auto list = at_;
  std::size_t from = at_;
  for (int depth = 0; peek().kind != Token::Kind::end; ++at_) {
    depth += is_symbol("(") || is_symbol("[") ? 1 : is_symbol(")") || is_symbol("]") ? -1 : 0;
    const bool ends = is_word("where") || is_word("group") || is_word("having") || is_word("order") ||
                      is_word("limit") || is_word("offset") || is_word("union") || is_word("intersect") ||
                      is_word("except") || is_word("returning") || (is_word("on") && is_word("conflict", 1));
    if (depth < 0 || (depth == 0 && ends))
      break;
    if (depth == 0 && is_word("from") &&
        !(at_ > list && tokens_[at_ - 1].text == "distinct" && tokens_[at_ - 1].kind == Token::Kind::word)) {
      from = at_ + 1;
      break;
    }
  }
  const auto list_end = at_;
  Scope scope;
  scope.outer = scope_;
  Restore in_scope(scope_, &scope);
  Level level;
  std::size_t after = list_end;
  std::string tables;
  if (from != list) {
    Restore none(level_, static_cast<Level*>(nullptr));
    at_ = from;
    tables = " FROM " + from_clause();
    after = at_;
  }
  at_ = list;
  Restore in_level(level_, &level);
  select_list(result);
  if (at_ != list_end)
    syntax_error();
  at_ = after;
  result.tail = tables;
  if (accept("where")) {
    Restore none(level_, static_cast<Level*>(nullptr));
    Restore place(no_aggregates_in_, std::string("WHERE"));
    result.tail += " WHERE " + condition("WHERE").sql;
  }
  group_by(result);
  if (is_word("window"))
    unsupported("named windows");
  // ORDER BY belongs to the whole query but sees these tables; a set operation after it has only names.
  if (order == Order::own && is_word("order"))
    order_by(result);
  return result;
}

/// The list before FROM, or after RETURNING. `*` is written out column by column, a column merged by USING once.
void Analyzer::select_list(Query& query) {
  std::set<std::string> used;
  // PostgreSQL lets two columns of a result have one name; a subquery in SQLite would then be ambiguous. So SQLite is
  // given "name 2" for the second, and the client is shown the name itself.
  const auto add = [&](Expression item) {
    auto name = item.name;
    for (int i = 2; !used.insert(name).second; ++i)
      name = fmt::format("{} {}", item.name, i);
    query.names.push_back(name);
    query.items.push_back(std::move(item));
  };
  if (is_word("from") || is_word("where") || is_symbol(")") || peek().kind == Token::Kind::end)
    return; // no columns at all
  do {
    const bool qualified = at_name() && is_symbol(".", 1) && is_symbol("*", 2);
    if (is_symbol("*") || qualified) {
      const auto table = qualified ? peek().text : std::string{};
      at_ += qualified ? 3 : 1;
      bool any = false;
      if (table.empty())
        for (const auto& column : scope_->merged) {
          add({column.sql, column.type, column.name});
          if (level_ != nullptr)
            level_->loose.push_back(column.sql);
        }
      for (const auto& relation : scope_->relations) {
        if (!table.empty() && relation.alias != table)
          continue;
        any = true;
        for (const auto& column : relation.columns) {
          const bool merged = table.empty() && std::any_of(scope_->merged.begin(), scope_->merged.end(),
                                                           [&](const auto& one) { return one.name == column.name; });
          if (merged)
            continue;
          add({column.sql, column.type, column.name});
          if (level_ != nullptr)
            level_->loose.push_back(column.sql);
        }
      }
      if (!any && table.empty())
        fail("42601", "SELECT * with no tables specified is not valid");
      if (!any)
        fail("42P01", fmt::format("missing FROM-clause entry for table \"{}\"", table));
      continue;
    }
    auto item = expression();
    if (auto name = alias())
      item.name = *name;
    add(std::move(item));
  } while (accept_symbol(","));
}

/// AS name, or the bare name; nothing when there is none.
std::optional<std::string> Analyzer::alias() {
  if (accept("as")) {
    if (peek().kind != Token::Kind::word && peek().kind != Token::Kind::quoted)
      syntax_error();
    return tokens_[at_++].text; // after AS any word will do
  }
  if (!at_name() || is_word("over") || is_word("filter") || is_word("within"))
    return std::nullopt;
  return expect_name();
}

void Analyzer::with(Query& query) {
  expect("with");
  const bool recursive = accept("recursive");
  query.with = recursive ? "WITH RECURSIVE " : "WITH ";
  const char* separator = "";
  do {
    const auto name = expect_name();
    const auto names = is_symbol("(") ? expect_names() : std::vector<std::string>{};
    expect("as");
    if (accept("not"))
      expect("materialized");
    else
      accept("materialized");
    expect_symbol("(");
    if (is_word("insert") || is_word("update") || is_word("delete"))
      unsupported("INSERT, UPDATE and DELETE inside of WITH");
    const auto known = ctes_.size();
    // Its own name is known inside from the second term on, with the columns of the first: see `query`.
    if (recursive) {
      recursive_ = name;
      recursive_names_ = names;
    }
    std::vector<Column> columns;
    const auto sql = subquery(&columns);
    recursive_.clear();
    ctes_.resize(known);
    expect_symbol(")");
    std::string list;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i < names.size())
        columns[i].name = names[i];
      list += (i > 0 ? ", " : "") + quoted_name(columns[i].name);
    }
    query.with += separator + quoted_name(name) + " (" + list + ") AS (" + sql + ")";
    separator = ", ";
    ctes_.emplace_back(name, std::move(columns));
  } while (accept_symbol(","));
  query.with += " ";
}

} // namespace holdfast::fakes::pg
