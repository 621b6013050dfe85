#include "fakes/postgres/sql.hpp"

#include "harness/protocol/conversation.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

namespace holdfast::fakes {

namespace {

using protocol::lower;

struct Token {
  enum class Kind { word, other, blank };
  Kind kind;
  std::string text;
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

/// Quoted texts and comments are single `other` and `blank` tokens.
std::vector<Token> tokens_of(std::string_view sql) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  const auto take = [&](Token::Kind kind, std::size_t end) {
    tokens.push_back({kind, std::string(sql.substr(at, end - at))});
    at = end;
  };
  while (at < sql.size()) {
    const char c = sql[at];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      take(Token::Kind::blank, at + 1);
    } else if (sql.substr(at, 2) == "--") {
      take(Token::Kind::blank, std::min(sql.find('\n', at), sql.size()));
    } else if (sql.substr(at, 2) == "/*") {
      const auto end = sql.find("*/", at + 2);
      take(Token::Kind::blank, end == std::string_view::npos ? sql.size() : end + 2);
    } else if (c == '\'' || c == '"') {
      auto end = at + 1;
      while (end < sql.size() && !(sql[end] == c && (end + 1 >= sql.size() || sql[end + 1] != c)))
        end += sql[end] == c ? 2 : 1;
      take(Token::Kind::other, std::min(end + 1, sql.size()));
    } else if (is_word(c)) {
      auto end = at;
      while (end < sql.size() && is_word(sql[end]))
        ++end;
      take(Token::Kind::word, end);
    } else if (sql.substr(at, 2) == "::") {
      take(Token::Kind::other, at + 2);
    } else {
      take(Token::Kind::other, at + 1);
    }
  }
  return tokens;
}

/// The next token that is no blank, from `from`; tokens.size() when there is none.
std::size_t solid(const std::vector<Token>& tokens, std::size_t from) {
  while (from < tokens.size() && tokens[from].kind == Token::Kind::blank)
    ++from;
  return from;
}

bool word_at(const std::vector<Token>& tokens, std::size_t at, std::string_view word) {
  return at < tokens.size() && tokens[at].kind == Token::Kind::word && lower(tokens[at].text) == word;
}

} // namespace

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  std::string current;
  bool solid_text = false;
  const auto finish = [&] {
    if (solid_text)
      statements.push_back(current);
    current.clear();
    solid_text = false;
  };
  for (const auto& token : tokens_of(sql)) {
    if (token.text == ";" && token.kind == Token::Kind::other) {
      finish();
      continue;
    }
    current += token.text;
    solid_text = solid_text || token.kind != Token::Kind::blank;
  }
  finish();
  return statements;
}

Translated translate(std::string_view statement) {
  const auto tokens = tokens_of(statement);
  Translated result;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    const auto word = token.kind == Token::Kind::word ? lower(token.text) : std::string{};
    if (result.keyword.empty() && token.kind != Token::Kind::blank)
      result.keyword = word.empty() ? token.text : word;
    if (token.text == "::") { // a cast: SQLite's values carry their own type
      i = solid(tokens, i + 1);
      if (auto open = solid(tokens, i + 1); open < tokens.size() && tokens[open].text == "(") {
        while (open < tokens.size() && tokens[open].text != ")")
          ++open;
        i = open;
      }
      continue;
    }
    if (word == "for") {
      auto next = solid(tokens, i + 1);
      if (word_at(tokens, next, "no"))
        next = solid(tokens, solid(tokens, next + 1)); // FOR NO KEY UPDATE
      if (word_at(tokens, next, "key"))
        next = solid(tokens, next + 1);
      if (word_at(tokens, next, "update") || word_at(tokens, next, "share")) {
        result.locks_rows = true;
        i = next;
        const auto option = solid(tokens, i + 1);
        if (word_at(tokens, option, "nowait"))
          i = option;
        else if (word_at(tokens, option, "skip"))
          i = solid(tokens, option + 1);
        continue;
      }
    }
    if (word == "serial" || word == "bigserial") {
      result.sql += "INTEGER"; // an INTEGER PRIMARY KEY counts by itself
      continue;
    }
    if (word == "ilike") {
      result.sql += "LIKE";
      continue;
    }
    result.sql += token.text;
  }
  return result;
}

int highest_parameter(std::string_view statement) {
  int highest = 0;
  for (const auto& token : tokens_of(statement)) {
    if (token.kind != Token::Kind::word || token.text[0] != '$')
      continue;
    int number = 0;
    const auto* end = token.text.data() + token.text.size();
    if (std::from_chars(token.text.data() + 1, end, number).ptr == end)
      highest = std::max(highest, number);
  }
  return highest;
}

int type_of_column(const char* declared) {
  static const std::map<std::string, int> types = {
      {"bigint", 20},    {"int8", 20},          {"integer", 23},     {"int", 23},     {"int4", 23},  {"smallint", 21},
      {"int2", 21},      {"bigserial", 20},     {"serial", 23},      {"boolean", 16}, {"bool", 16},  {"text", 25},
      {"varchar", 1043}, {"char", 1042},        {"double", 701},     {"float8", 701}, {"real", 700}, {"numeric", 1700},
      {"decimal", 1700}, {"timestamptz", 1184}, {"timestamp", 1114}, {"date", 1082},  {"json", 114}, {"jsonb", 3802},
      {"uuid", 2950},    {"bytea", 17}};
  if (declared == nullptr)
    return 25;
  const auto name = lower(declared);
  const auto found = types.find(name.substr(0, name.find_first_of(" (")));
  return found == types.end() ? 25 : found->second;
}

} // namespace holdfast::fakes
