// Reads EDN values. The template parameter `keep` is false for values that nobody needs (keys of an operation that are
// not read, what `#_` discards): they are read for their syntax only, and nothing is stored.
#include "harness/jepsen/edn.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace holdfast::jepsen {

using consistency::Value;
using consistency::Values;

namespace {

constexpr auto ends_token = [] {
  std::array<bool, 256> is{};
  for (unsigned letter = 0; letter <= 0x20; ++letter)
    is[letter] = true;
  for (const char letter : {',', '(', ')', '[', ']', '{', '}', '"', ';'})
    is[static_cast<unsigned char>(letter)] = true;
  return is;
}();

constexpr bool is_end(char letter) {
  return ends_token[static_cast<unsigned char>(letter)];
}

constexpr bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

} // namespace

void Edn::space() {
  while (at_ != end_) {
    switch (*at_) {
    case '\n':
      step_line();
      break;
    case ' ':
    case ',':
    case '\t':
    case '\r':
    case '\f':
      ++at_;
      break;
    case ';':
      at_ = std::find(at_, end_, '\n');
      break;
    case '#':
      if (peek_second() != '_')
        return;
      at_ += 2;
      read<false>();
      break;
    default:
      return;
    }
  }
}

/// Everything up to the next letter that cannot be part of it.
std::string_view Edn::token() {
  const char* const begin = at_;
  bool is_ascii = true;
  for (; at_ != end_ && !is_end(*at_); ++at_)
    is_ascii = is_ascii && static_cast<signed char>(*at_) >= 0;
  const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  if (text.empty())
    fail(fmt::format("a value is expected, and {} stands here", shown_next()));
  if (!is_ascii)
    must_be_utf8(text);
  return text;
}

/// `nil` must end there: `nil-or-5` is a symbol.
bool Edn::nothing() {
  space();
  if (peek() != 'n' || !std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with("nil") ||
      (end_ - at_ > 3 && !is_end(at_[3])))
    return false;
  at_ += 3;
  return true;
}

std::optional<std::int64_t> Edn::integer() {
  space();
  return small_integer(is_end);
}

std::string_view Edn::name() {
  space();
  if (take('"'))
    return quoted(Escapes::edn);
  take(':');
  return token();
}

bool Edn::next_key(std::string_view& key) {
  space();
  if (take('}'))
    return false;
  if (take(':'))
    key = token();
  else if (take('"'))
    key = quoted(Escapes::edn);
  else
    fail(fmt::format("an operation's keys are keywords, and {} stands where one is expected", shown_next()));
  space();
  if (peek() == '}')
    fail("a map has a key without a value");
  return true;
}

/// `#name`, whose value follows.
void Edn::tag() {
  step();
  token();
  space();
}

/// The opening bracket of a history in one vector is taken at the first call; from then on the closing one is required,
/// so that a file that was cut is noticed. Operations may be tagged, as Jepsen's records are: #jepsen.history.Op{…}.
bool Edn::next_map() {
  space();
  if (!has_begun_) {
    has_begun_ = true;
    if (peek() == '[' || peek() == '(')
      closing_ = peek() == '[' ? ']' : ')', step(), space();
  }
  if (closing_ != '\0' && done())
    fail(fmt::format("the history's '{}' is missing: it was cut", closing_));
  if (closing_ != '\0' && take(closing_)) {
    if (space(); !done())
      fail(fmt::format("the history ended before this, with its vector; {} follows", shown_next()));
    return false;
  }
  if (done())
    return false;
  const Nesting nesting(*this);
  while (peek() == '#' && peek_second() != '{')
    tag();
  if (peek() != '{')
    fail(fmt::format("an operation is a map, and {} stands here", shown_next()));
  return true;
}

template <bool keep>
Value Edn::read() {
  const Nesting nesting(*this);
  space();
  if (done())
    fail("the file ends where a value is expected");
  switch (*at_) {
  case '"': {
    step();
    const auto text = quoted(Escapes::edn);
    return keep ? values_.text(text) : Value{};
  }
  case ':': {
    step();
    const auto text = token();
    return keep ? values_.keyword(text) : Value{};
  }
  case '[':
    return collection<keep>(Shape::list, ']');
  case '(':
    return collection<keep>(Shape::list, ')');
  case '{':
    return collection<keep>(Shape::map, '}');
  case '#':
    return dispatched<keep>();
  case '\\':
    return character<keep>();
  default:
    break;
  }
  if (is_digit(*at_) || ((*at_ == '-' || *at_ == '+') && is_digit(peek_second())))
    return number<keep>();
  return symbol<keep>();
}

template <bool keep>
Value Edn::collection(Shape shape, char closing) {
  step();
  // One stack for all nested collections: each takes what lies above its beginning and leaves the rest to those around.
  const auto begin = open_.size();
  std::size_t count = 0;
  for (space(); !take(closing); space(), ++count) {
    if (done())
      fail(fmt::format("the file ends before a '{}'", closing));
    const auto element = read<keep>();
    if (keep)
      open_.push_back(element);
  }
  if (shape == Shape::map && count % 2 != 0)
    fail("a map has a key without a value");
  if (!keep)
    return {};
  const std::span<const Value> elements(open_.data() + begin, open_.size() - begin);
  const auto whole = shape == Shape::map ? values_.map(elements) : values_.list(elements);
  open_.resize(begin);
  return whole;
}

/// What begins with `#`: a set, a symbolic number, or a tagged literal.
template <bool keep>
Value Edn::dispatched() {
  if (peek_second() == '{') {
    step();
    return collection<keep>(Shape::list, '}');
  }
  if (peek_second() == '#') { // ##NaN, ##Inf, ##-Inf
    const auto text = token();
    return keep ? values_.text(text) : Value{};
  }
  tag();
  return read<keep>();
}

template <bool keep>
Value Edn::number() {
  take('+');
  if (const auto small = small_integer(is_end))
    return Values::integer(*small);
  auto text = token();
  if (const auto other = text.find_first_not_of("0123456789.eE+-/MN"); other != text.npos)
    fail(fmt::format("'{}' is no number", text.substr(0, 40)));
  if (text.back() == 'N')
    text.remove_suffix(1);
  std::int64_t whole = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc{} && rest == text.data() + text.size() && whole >= -Values::largest_integer &&
      whole <= Values::largest_integer)
    return Values::integer(whole);
  return keep ? values_.text(text) : Value{};
}

/// `\a`, `\newline`, `\u00e9`: becomes a text of that one letter.
template <bool keep>
Value Edn::character() {
  step();
  if (done())
    fail("the file ends where a character is expected");
  const char* const begin = at_;
  step(); // also of a delimiter: `\(` is one
  while (at_ != end_ && !is_end(*at_))
    ++at_;
  std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  std::string letter;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> named = {
      {{"newline", "\n"}, {"space", " "}, {"tab", "\t"}, {"return", "\r"}, {"backspace", "\b"}, {"formfeed", "\f"}}};
  for (const auto& [known, meant] : named)
    if (text == known)
      text = meant;
  if (text.size() == 5 && text[0] == 'u') {
    at_ = begin + 1;
    append_utf8(letter, hexadecimal());
    text = letter;
  }
  must_be_utf8(text);
  return keep ? values_.text(text) : Value{};
}

template <bool keep>
Value Edn::symbol() {
  const auto text = token();
  if (text == "nil")
    return {};
  if (text == "true" || text == "false")
    return Values::boolean(text == "true");
  return keep ? values_.text(text) : Value{};
}

template Value Edn::read<true>();
template Value Edn::read<false>();

} // namespace holdfast::jepsen
