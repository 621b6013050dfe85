// PostgreSQL's lexical rules: nested comments, E'' and dollar-quoted strings, operators of several characters.
// https://www.postgresql.org/docs/15/sql-syntax-lexical.html
#include "fakes/postgres/tokens.hpp"

#include "fakes/postgres/wire.hpp"

#include <algorithm>

#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace holdfast::fakes::pg {

namespace {

bool starts_word(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool in_word(char c) {
  return starts_word(c) || is_digit(c) || c == '$';
}

class Scanner {
public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  Token next() {
    blanks();
    Token token;
    token.begin = at_;
    scan(token);
    token.end = at_;
    return token;
  }

private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  void blanks() {
    for (;;) {
      if (std::isspace(static_cast<unsigned char>(peek())) != 0) {
        ++at_;
      } else if (sql_.substr(at_, 2) == "--") {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (sql_.substr(at_, 2) == "/*") {
        // Comments nest in PostgreSQL, unlike in C.
        int depth = 0;
        do {
          const auto two = sql_.substr(at_, 2);
          if (two.size() < 2)
            fail("42601", "unterminated /* comment");
          depth += two == "/*" ? 1 : two == "*/" ? -1 : 0;
          at_ += two == "/*" || two == "*/" ? 2 : 1;
        } while (depth > 0);
      } else {
        return;
      }
    }
  }

  void scan(Token& token) {
    const char c = peek();
    if (at_ >= sql_.size()) {
      token.kind = Token::Kind::end;
    } else if (c == '\'') {
      token.kind = Token::Kind::string;
      token.text = quoted('\'', false);
    } else if ((c == 'e' || c == 'E') && peek(1) == '\'') {
      ++at_;
      token.kind = Token::Kind::string;
      token.text = quoted('\'', true);
    } else if (c == '"') {
      token.kind = Token::Kind::quoted;
      token.text = quoted('"', false);
    } else if (c == '$' && is_digit(peek(1))) {
      token.kind = Token::Kind::parameter;
      for (++at_; is_digit(peek()); ++at_)
        token.text += peek();
    } else if (c == '$' && dollar_quoted(token)) {
      token.kind = Token::Kind::string;
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      token.kind = Token::Kind::number;
      number(token.text);
    } else if (starts_word(c)) {
      token.kind = Token::Kind::word;
      for (; in_word(peek()); ++at_)
        token.text += static_cast<char>(std::tolower(static_cast<unsigned char>(peek())));
    } else {
      token.kind = Token::Kind::symbol;
      symbol(token.text);
    }
  }

  /// Names and strings: a doubled quote stands for one, a backslash for an escape only in E'…'.
  std::string quoted(char quote, bool escapes) {
    std::string text;
    for (++at_;; ++at_) {
      if (at_ >= sql_.size())
        fail("42601", fmt::format("unterminated quoted {} at or near \"{}\"", quote == '"' ? "identifier" : "string",
                                  sql_.substr(sql_.rfind(quote))));
      if (peek() == quote) {
        if (peek(1) != quote)
          break;
        ++at_;
      } else if (escapes && peek() == '\\') {
        ++at_;
        escape(text);
        continue;
      }
      text += peek();
    }
    ++at_;
    return text;
  }

  /// What follows a backslash in E'…'; stays on its last character.
  void escape(std::string& text) {
    static constexpr std::string_view names = "bfnrt", meant = "\b\f\n\r\t";
    if (const auto found = names.find(peek()); found != std::string_view::npos) {
      text += meant[found];
    } else if (peek() >= '0' && peek() <= '7') {
      int byte = 0;
      for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i, ++at_)
        byte = byte * 8 + (peek() - '0');
      --at_;
      text += static_cast<char>(byte);
    } else if (peek() == 'x' || peek() == 'u' || peek() == 'U') {
      unsupported("numeric escapes in E'' strings");
    } else {
      text += peek();
    }
  }

  /// $tag$ … $tag$, in which nothing is escaped. False, with no character taken, when no second $ ends the tag.
  bool dollar_quoted(Token& token) {
    auto end = at_ + 1;
    while (end < sql_.size() && in_word(sql_[end]) && sql_[end] != '$')
      ++end;
    if (end >= sql_.size() || sql_[end] != '$')
      return false;
    const auto tag = sql_.substr(at_, end - at_ + 1);
    const auto close = sql_.find(tag, end + 1);
    if (close == std::string_view::npos)
      fail("42601", fmt::format("unterminated dollar-quoted string at or near \"{}\"", sql_.substr(at_)));
    token.text = sql_.substr(end + 1, close - end - 1);
    at_ = close + tag.size();
    return true;
  }

  void number(std::string& text) {
    const auto digits = [&] {
      for (; is_digit(peek()); ++at_)
        text += peek();
    };
    digits();
    if (peek() == '.') {
      text += '.';
      ++at_;
      digits();
    }
    const bool sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(sign ? 2 : 1))) {
      text += 'e';
      ++at_;
      if (sign)
        text += sql_[at_++];
      digits();
    }
    // 123abc is one error, not a number with the alias abc.
    if (starts_word(peek()))
      fail("42601", fmt::format("trailing junk after numeric literal at or near \"{}{}\"", text, peek()));
  }

  void symbol(std::string& text) {
    // The longest first: ->> must not be read as -> and >.
    static constexpr std::array<std::string_view, 24> longer = {"!~~*", "->>", "#>>", "!~*", "!~~", "~~*", "->", "#>",
                                                                "@>",   "<@",  "||",  "<=",  ">=",  "<>",  "!=", "::",
                                                                ":=",   "=>",  "~*",  "!~",  "~~",  "?|",  "?&", "&&"};
    for (const auto& one : longer)
      if (sql_.substr(at_, one.size()) == one) {
        text = one;
        at_ += one.size();
        return;
      }
    text = peek();
    ++at_;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

} // namespace

std::vector<Token> tokens_of(std::string_view sql) {
  Scanner scanner(sql);
  std::vector<Token> tokens;
  do
    tokens.push_back(scanner.next());
  while (tokens.back().kind != Token::Kind::end);
  return tokens;
}

int number_in(const Token& token) {
  int number = 0;
  const auto* end = token.text.data() + token.text.size();
  const auto [rest, error] = std::from_chars(token.text.data(), end, number);
  if (token.kind != Token::Kind::number || error != std::errc{} || rest != end)
    fail("42601", fmt::format("syntax error at or near \"{}\"", token.text));
  return number;
}

/// Cuts by tokens, so that a semicolon in a string, a name or a comment ends nothing.
std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  std::size_t begin = 0;
  bool any = false;
  for (const auto& token : tokens_of(sql)) {
    const bool ends = token.kind == Token::Kind::end || (token.kind == Token::Kind::symbol && token.text == ";");
    if (!ends) {
      if (!any)
        begin = token.begin;
      any = true;
    } else if (any) {
      statements.emplace_back(sql.substr(begin, token.begin - begin));
      any = false;
    }
  }
  return statements;
}

} // namespace holdfast::fakes::pg
