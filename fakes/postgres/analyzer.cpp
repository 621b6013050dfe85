// The analyzer's way through the tokens, and its entry: the first word of a statement decides which rule reads it.
// Expressions, queries, changes and definitions are in files of their own, listed in the header.
#include "fakes/postgres/analyzer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

/// Words that cannot be a name or an alias without AS. https://www.postgresql.org/docs/15/sql-keywords-appendix.html
bool is_reserved(std::string_view word) {
  static const std::set<std::string_view> all = {"all",
                                                 "analyse",
                                                 "analyze",
                                                 "and",
                                                 "any",
                                                 "array",
                                                 "as",
                                                 "asc",
                                                 "asymmetric",
                                                 "both",
                                                 "case",
                                                 "cast",
                                                 "check",
                                                 "collate",
                                                 "column",
                                                 "constraint",
                                                 "create",
                                                 "cross",
                                                 "default",
                                                 "deferrable",
                                                 "desc",
                                                 "distinct",
                                                 "do",
                                                 "else",
                                                 "end",
                                                 "except",
                                                 "false",
                                                 "fetch",
                                                 "for",
                                                 "foreign",
                                                 "from",
                                                 "full",
                                                 "grant",
                                                 "group",
                                                 "having",
                                                 "in",
                                                 "initially",
                                                 "inner",
                                                 "intersect",
                                                 "into",
                                                 "is",
                                                 "isnull",
                                                 "join",
                                                 "lateral",
                                                 "leading",
                                                 "left",
                                                 "like",
                                                 "ilike",
                                                 "limit",
                                                 "natural",
                                                 "not",
                                                 "notnull",
                                                 "null",
                                                 "offset",
                                                 "on",
                                                 "only",
                                                 "or",
                                                 "order",
                                                 "outer",
                                                 "placing",
                                                 "primary",
                                                 "references",
                                                 "returning",
                                                 "right",
                                                 "select",
                                                 "similar",
                                                 "some",
                                                 "symmetric",
                                                 "table",
                                                 "then",
                                                 "to",
                                                 "trailing",
                                                 "true",
                                                 "union",
                                                 "unique",
                                                 "using",
                                                 "variadic",
                                                 "when",
                                                 "where",
                                                 "window",
                                                 "with",
                                                 "user",
                                                 "current_user",
                                                 "session_user",
                                                 "current_date",
                                                 "current_time",
                                                 "current_timestamp",
                                                 "localtime",
                                                 "localtimestamp",
                                                 "current_role",
                                                 "current_catalog"};
  return all.contains(word);
}

/// A client that declares a parameter as unknown leaves its type to the server, like one that declares none.
Analyzer::Analyzer(std::string_view sql, Catalog& catalog, SequenceIds& ids, const std::vector<Type>& declared)
    : sql_(sql), tokens_(tokens_of(sql)), catalog_(catalog), ids_(ids) {
  plan_.parameters = declared;
  for (auto& type : plan_.parameters)
    if (type == Type::unknown)
      type = Type::none;
}

/// Two hundred levels, far below what the stack holds: "((((…" from a client must not end the harness.
Analyzer::Deeper::Deeper(int& depth) : depth_(depth) {
  constexpr int limit = 200;
  if (depth >= limit)
    fail("54001", "stack depth limit exceeded");
  ++depth;
}

const Token& Analyzer::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool Analyzer::is_word(std::string_view word, std::size_t ahead) const {
  return peek(ahead).kind == Token::Kind::word && peek(ahead).text == word;
}

bool Analyzer::is_symbol(std::string_view symbol, std::size_t ahead) const {
  return peek(ahead).kind == Token::Kind::symbol && peek(ahead).text == symbol;
}

bool Analyzer::accept(std::string_view word) {
  if (!is_word(word))
    return false;
  ++at_;
  return true;
}

bool Analyzer::accept_all(std::initializer_list<std::string_view> words) {
  std::size_t ahead = 0;
  for (const auto word : words)
    if (!is_word(word, ahead++))
      return false;
  at_ += words.size();
  return true;
}

bool Analyzer::accept_symbol(std::string_view symbol) {
  if (!is_symbol(symbol))
    return false;
  ++at_;
  return true;
}

void Analyzer::expect(std::string_view word) {
  if (!accept(word))
    syntax_error();
}

void Analyzer::expect_symbol(std::string_view symbol) {
  if (!accept_symbol(symbol))
    syntax_error();
}

void Analyzer::syntax_error() const {
  if (peek().kind == Token::Kind::end)
    fail("42601", "syntax error at end of input");
  fail("42601", fmt::format("syntax error at or near \"{}\"", sql_.substr(peek().begin, peek().end - peek().begin)));
}

/// A word in quotes is always a name, another only if it is not reserved.
bool Analyzer::at_name(std::size_t ahead) const {
  return peek(ahead).kind == Token::Kind::quoted ||
         (peek(ahead).kind == Token::Kind::word && !is_reserved(peek(ahead).text));
}

std::string Analyzer::expect_name() {
  if (!at_name())
    syntax_error();
  return tokens_[at_++].text;
}

std::vector<std::string> Analyzer::expect_names() {
  std::vector<std::string> names;
  expect_symbol("(");
  do
    names.push_back(expect_name());
  while (accept_symbol(","));
  expect_symbol(")");
  return names;
}

void Analyzer::skip_parentheses() {
  expect_symbol("(");
  for (int depth = 1; depth > 0; ++at_) {
    if (peek().kind == Token::Kind::end)
      syntax_error();
    depth += is_symbol("(") ? 1 : is_symbol(")") ? -1 : 0;
  }
}

/// The whole statement. Anything left over is a syntax error, and parameters whose type no place has decided are texts.
Plan Analyzer::statement() {
  plan_.keyword = peek().kind == Token::Kind::word ? peek().text : "";
  if (is_word("select") || is_word("with") || is_word("values") || is_word("table") || is_symbol("(")) {
    plan_.keyword = "select";
    auto query = this->query();
    plan_.sql.push_back(sql_of(query, true));
    plan_.rows = true;
    for (const auto& item : query.items)
      plan_.columns.push_back({item.name, item.type});
  } else if (accept("insert")) {
    insert();
  } else if (accept("update")) {
    update();
  } else if (accept("delete")) {
    remove();
  } else if (accept("create")) {
    create();
  } else if (accept("drop")) {
    drop();
  } else if (accept("alter")) {
    alter();
  } else if (accept("truncate")) {
    truncate();
  } else {
    syntax_error();
  }
  if (peek().kind != Token::Kind::end)
    syntax_error();
  for (auto& type : plan_.parameters)
    if (type == Type::none)
      type = Type::text;
  return std::move(plan_);
}

Plan plan_of(std::string_view statement, Catalog& catalog, SequenceIds& ids, const std::vector<Type>& declared) {
  return Analyzer(statement, catalog, ids, declared).statement();
}

} // namespace holdfast::fakes::pg
