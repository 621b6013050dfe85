// Strings, their escapes and UTF-8, for both syntaxes. A string without escapes is a view of the text; only one with
// escapes is copied. UTF-8 is checked once a string is known to have bytes beyond ASCII, which few have.
#include "harness/jepsen/scanner.hpp"

#include <array>
#include <fmt/format.h>

namespace holdfast::jepsen {

namespace {

/// Letters of a string that mean themselves and need no second look.
constexpr auto plain = [] {
  std::array<bool, 256> is{};
  for (unsigned letter = 0x20; letter < 0x80; ++letter)
    is[letter] = letter != '"' && letter != '\\';
  return is;
}();

/// The length of the UTF-8 sequence at the beginning of `text`; 0 when it is none (RFC 3629, section 4).
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const auto first = byte(0);
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef)
    return follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && follows(2) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4)
    return follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

} // namespace

Scanner::Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()), line_begin_(at_) {
  if (text.starts_with("\xef\xbb\xbf"))
    at_ += 3; // the mark that some editors put before UTF-8
}

void Scanner::fail(const std::string& message) const {
  throw Malformed{line_, static_cast<std::uint32_t>(at_ - line_begin_) + 1, message};
}

std::string Scanner::shown_next() const {
  if (done())
    return "the end of the file";
  const auto letter = static_cast<unsigned char>(*at_);
  return letter > 0x20 && letter < 0x7f ? fmt::format("'{}'", *at_) : fmt::format("the byte 0x{:02x}", letter);
}

/// The common case runs over plain letters only, without a branch for each; the first escape hands over to `escape`.
std::string_view Scanner::quoted(Escapes escapes) {
  const char* const begin = at_;
  bool is_ascii = true;
  for (;;) {
    while (at_ != end_ && plain[static_cast<unsigned char>(*at_)])
      ++at_;
    if (done())
      fail("the file ends inside a string");
    const auto letter = static_cast<unsigned char>(*at_);
    if (letter == '"')
      break;
    if (letter >= 0x80)
      is_ascii = false, ++at_;
    else if (letter == '\\')
      return escape(escapes, begin), unescaped_;
    else if (escapes == Escapes::json)
      fail(letter == '\n' ? "the line ends inside a string"
                          : fmt::format("a string holds the byte 0x{:02x}, which has to be escaped", letter));
    else if (letter == '\n')
      step_line();
    else
      ++at_;
  }
  const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  if (!is_ascii)
    must_be_utf8(text);
  ++at_;
  return text;
}

/// The rest of a string from its first escape, with what stands before it since `begin`.
void Scanner::escape(Escapes escapes, const char* begin) {
  unescaped_.assign(begin, at_);
  for (;; ++at_) {
    if (done())
      fail("the file ends inside a string");
    if (*at_ == '"')
      break;
    if (*at_ != '\\') {
      if (escapes == Escapes::json && static_cast<unsigned char>(*at_) < 0x20)
        fail("a string holds a control character, which has to be escaped");
      unescaped_ += *at_;
      if (*at_ == '\n')
        step_line(), --at_;
      continue;
    }
    if (++at_; done())
      fail("the file ends inside a string");
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (const auto known = letters.find(*at_);
        known != std::string_view::npos && (*at_ != '/' || escapes == Escapes::json)) {
      unescaped_ += meant[known];
    } else if (*at_ == 'u') {
      ++at_;
      append_utf8(unescaped_, surrogates(hexadecimal()));
      --at_;
    } else if (escapes == Escapes::edn && *at_ >= '0' && *at_ <= '7') {
      unsigned point = 0;
      for (int digit = 0; digit < 3 && at_ != end_ && *at_ >= '0' && *at_ <= '7'; ++digit)
        point = point * 8 + static_cast<unsigned>(*at_++ - '0');
      append_utf8(unescaped_, point);
      --at_;
    } else {
      fail(fmt::format("there is no escape \\ followed by {}", shown_next()));
    }
  }
  must_be_utf8(unescaped_);
  ++at_;
}

unsigned Scanner::hexadecimal() {
  unsigned point = 0;
  for (int digit = 0; digit < 4; ++digit, ++at_) {
    const char letter = peek();
    const auto place = std::string_view("0123456789abcdef").find(static_cast<char>(letter | 0x20));
    if (done() || (place >= 10 ? letter < 'A' : letter < '0') || place == std::string_view::npos)
      fail(fmt::format("four hexadecimal digits follow \\u, and {} is none", shown_next()));
    point = point * 16 + static_cast<unsigned>(place);
  }
  return point;
}

/// The letter that an escape means, given its four digits. One beyond the first 65,536 is written as two escapes, each
/// half of it; a half by itself is no letter and fails.
unsigned Scanner::surrogates(unsigned high) {
  if (high < 0xd800 || high > 0xdfff)
    return high;
  if (high > 0xdbff || peek() != '\\' || peek_second() != 'u')
    fail("an escape is half of a letter, and the other half is missing");
  at_ += 2;
  const auto low = hexadecimal();
  if (low < 0xdc00 || low > 0xdfff)
    fail("an escape is half of a letter, and what follows is not its other half");
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

void Scanner::append_utf8(std::string& to, unsigned point) const {
  const auto add = [&](unsigned byte) { to += static_cast<char>(byte); };
  const auto follow = [&](unsigned shift) { add(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0 | point >> 6), follow(0);
  } else if (point < 0x10000) {
    if (point >= 0xd800 && point <= 0xdfff)
      fail("half of a letter is no letter");
    add(0xe0 | point >> 12), follow(6), follow(0);
  } else {
    add(0xf0 | point >> 18), follow(12), follow(6), follow(0);
  }
}

void Scanner::must_be_utf8(std::string_view text) const {
  while (!text.empty()) {
    const auto length = sequence(text);
    if (length == 0)
      fail(fmt::format("the text before this is no UTF-8: it holds the byte 0x{:02x} where none belongs",
                       static_cast<unsigned char>(text[0])));
    text.remove_prefix(length);
  }
}

} // namespace holdfast::jepsen
