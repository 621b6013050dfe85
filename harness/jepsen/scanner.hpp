// What the syntaxes share: the place in the text, its lines, letters and numbers.
#pragma once

#include "harness/jepsen/malformed.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::jepsen {

/// Walks over a text that outlives it. Bytes are looked at once, in order; nothing is copied but strings with escapes.
class Scanner {
public:
  explicit Scanner(std::string_view text);

  [[nodiscard]] bool done() const { return at_ == end_; }
  /// The next byte; a zero byte at the end.
  [[nodiscard]] char peek() const { return at_ == end_ ? '\0' : *at_; }
  [[nodiscard]] char peek_second() const { return end_ - at_ < 2 ? '\0' : at_[1]; }
  [[nodiscard]] std::uint32_t line() const { return line_; }
  void step() { ++at_; }
  bool take(char letter) {
    if (at_ == end_ || *at_ != letter)
      return false;
    ++at_;
    return true;
  }
  /// Steps over the line's end that is next.
  void step_line() {
    ++at_;
    ++line_;
    line_begin_ = at_;
  }

  [[noreturn]] void fail(const std::string& message) const;
  /// What is next, for a message: "'x'", or "the end of the file".
  [[nodiscard]] std::string shown_next() const;

protected:
  /// A whole number of at most 18 digits that ends where `is_end` says; otherwise nothing, and the place is unchanged.
  template <class IsEnd>
  std::optional<std::int64_t> small_integer(IsEnd is_end) {
    const char* at = at_;
    const bool negative = at != end_ && *at == '-';
    at += negative ? 1 : 0;
    const char* const first = at;
    std::uint64_t digits = 0; // of one digit too many as well, which is looked at before it is refused
    while (at != end_ && *at >= '0' && *at <= '9' && at - first <= most_digits)
      digits = digits * 10 + static_cast<std::uint64_t>(*at++ - '0');
    if (at == first || at - first > most_digits || (at != end_ && !is_end(*at)))
      return std::nullopt;
    at_ = at;
    const auto number = static_cast<std::int64_t>(digits);
    return negative ? -number : number;
  }

  /// The text between quotes, the first of which has been taken; takes the second. With escapes, valid until the next
  /// call.
  enum class Escapes { edn, json };
  std::string_view quoted(Escapes escapes);
  /// Four hexadecimal digits.
  unsigned hexadecimal();
  void append_utf8(std::string& to, unsigned point) const;
  void must_be_utf8(std::string_view text) const;

  /// Values within values: what is deeper than this is nobody's history.
  static constexpr unsigned deepest = 100;
  struct Nesting {
    explicit Nesting(Scanner& in) : scanner(in) {
      if (++scanner.depth_ > deepest)
        scanner.fail("values are nested more than 100 deep");
    }
    ~Nesting() { --scanner.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    Scanner& scanner;
  };

  static constexpr std::ptrdiff_t most_digits = 18; // one more may not fit into a Value
  const char* at_;
  const char* end_;

private:
  void escape(Escapes escapes, const char* begin);
  unsigned surrogates(unsigned high);

  const char* line_begin_;
  std::uint32_t line_ = 1;
  unsigned depth_ = 0;
  std::string unescaped_;
};

} // namespace holdfast::jepsen
