// Just enough SQL to name what a statement does and to what: its first keyword, its first table, its literals. It never
// judges whether a statement is valid: what is not understood is skipped, and the server says what is wrong.
#include "harness/protocol/postgres.hpp"

#include <cctype>
#include <set>

namespace holdfast::protocol {

namespace {

/// A quoted identifier is a word like any other.
struct Token {
  enum class Kind { word, literal, semicolon, symbol };
  Kind kind;
  std::string text;
};

/// A '.' is part of a word, so that "schema.table" and "1.5" are one token.
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.';
}

class Lexer {
public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  bool next(Token& token) {
    skip_blanks();
    if (at_ >= sql_.size())
      return false;
    const char c = sql_[at_];
    if (c == ';')
      return ++at_, token = {Token::Kind::semicolon, {}}, true;
    if (c == '\'')
      return token = {Token::Kind::literal, quoted('\'')}, true;
    if ((c == 'E' || c == 'e') && sql_.substr(at_ + 1, 1) == "'") {
      ++at_;
      return token = {Token::Kind::literal, quoted('\'', Escapes::backslash)}, true;
    }
    if (c == '"')
      return token = {Token::Kind::word, quoted('"')}, true;
    if (c == '$' && dollar_quoted(token))
      return true;
    if (!is_word(c))
      return ++at_, token = {Token::Kind::symbol, std::string(1, c)}, true;
    const auto begin = at_;
    while (at_ < sql_.size() && is_word(sql_[at_]))
      ++at_;
    // A number begins like a word and is a literal.
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    token = {digit ? Token::Kind::literal : Token::Kind::word, std::string(sql_.substr(begin, at_ - begin))};
    return true;
  }

private:
  void skip_blanks() {
    while (at_ < sql_.size()) {
      if (std::isspace(static_cast<unsigned char>(sql_[at_])) != 0)
        ++at_;
      else if (sql_.substr(at_, 2) == "--")
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      else if (sql_.substr(at_, 2) == "/*") {
        int depth = 0; // PostgreSQL's comments nest
        do {
          const bool opens = sql_.substr(at_, 2) == "/*", closes = sql_.substr(at_, 2) == "*/";
          depth += opens ? 1 : closes ? -1 : 0;
          at_ += opens || closes ? 2 : 1;
        } while (depth > 0 && at_ < sql_.size());
        at_ = std::min(at_, sql_.size());
      } else
        return;
    }
  }
  enum class Escapes { doubled, backslash };
  // The text of the quoted token that begins at `at_`. A doubled quote stands for one; an E'…' string has backslashes
  // as well. A text without an end lasts to the end of the query.
  std::string quoted(char quote, Escapes escapes = Escapes::doubled) {
    std::string text;
    for (++at_; at_ < sql_.size(); ++at_) {
      const bool escaped = escapes == Escapes::backslash && sql_[at_] == '\\' && at_ + 1 < sql_.size();
      const bool doubled = sql_[at_] == quote && at_ + 1 < sql_.size() && sql_[at_ + 1] == quote;
      if (escaped || doubled)
        text += sql_[++at_];
      else if (sql_[at_] != quote)
        text += sql_[at_];
      else
        break;
    }
    if (at_ < sql_.size())
      ++at_;
    return text;
  }
  // $tag$ … $tag$, the tag possibly empty. False where no tag begins: "$1" is a parameter.
  bool dollar_quoted(Token& token) {
    auto end = at_ + 1;
    const auto begins = [&](char one) { return std::isalpha(static_cast<unsigned char>(one)) != 0 || one == '_'; };
    const auto goes_on = [&](char one) { return begins(one) || std::isdigit(static_cast<unsigned char>(one)) != 0; };
    while (end < sql_.size() && (end == at_ + 1 ? begins(sql_[end]) : goes_on(sql_[end])))
      ++end;
    if (end >= sql_.size() || sql_[end] != '$')
      return false;
    const auto tag = sql_.substr(at_, end - at_ + 1);
    const auto close = sql_.find(tag, end + 1);
    const auto stop = close == std::string_view::npos ? sql_.size() : close;
    token = {Token::Kind::literal, std::string(sql_.substr(end + 1, stop - end - 1))};
    at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
    return true;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

} // namespace

std::vector<Statement> read_statements(std::string_view sql) {
  // Words behind which the name of a table may come.
  static const std::set<std::string> before_table = {"from", "into", "update", "join", "table", "truncate", "copy"};
  // Words that may stand between such a word and the table: DROP TABLE IF EXISTS t.
  static const std::set<std::string> noise = {"only", "if", "not", "exists", "table"};
  std::vector<Statement> statements;
  Statement statement;
  bool table_next = false;
  Lexer lexer(sql);
  const auto finish = [&] {
    if (!statement.keyword.empty())
      statements.push_back(std::move(statement));
    statement = {};
    table_next = false;
  };
  for (Token token; lexer.next(token);) {
    if (token.kind == Token::Kind::semicolon) {
      finish();
      continue;
    }
    if (token.kind == Token::Kind::literal) {
      // Longer values are no keys: nobody names them in a trigger.
      if (token.text.size() <= 256)
        statement.literals.push_back(token.text);
      table_next = false;
      continue;
    }
    // FROM (SELECT …: what comes is no table.
    if (token.kind == Token::Kind::symbol) {
      table_next = false;
      continue;
    }
    const auto word = lower(token.text);
    if (statement.keyword.empty())
      // END is another word for COMMIT.
      statement.keyword = word == "end" ? "commit" : word;
    else if (statement.keyword == "rollback" && word == "to")
      statement.keyword = "rollback to"; // a savepoint, not the end
    if (table_next && !noise.contains(word)) {
      if (statement.table.empty())
        statement.table = word;
      table_next = false;
    }
    if (before_table.contains(word))
      table_next = true;
  }
  finish();
  return statements;
}

} // namespace holdfast::protocol
