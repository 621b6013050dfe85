// Reads JSON values. The template parameter `keep` is false for values that nobody needs: they are read for their
// syntax only, and nothing is stored.
#include "harness/jepsen/json.hpp"

#include <charconv>
#include <fmt/format.h>

namespace holdfast::jepsen {

using consistency::Value;
using consistency::Values;

namespace {

constexpr bool is_end(char letter) {
  return letter == ',' || letter == ']' || letter == '}' || letter == ' ' || letter == '\n' || letter == '\r' ||
         letter == '\t';
}

constexpr bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

} // namespace

void Json::space() {
  for (; at_ != end_; ++at_) {
    if (*at_ == '\n')
      step_line(), --at_;
    else if (*at_ != ' ' && *at_ != '\r' && *at_ != '\t')
      return;
  }
}

bool Json::word(std::string_view expected) {
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected))
    return false;
  at_ += expected.size();
  return true;
}

void Json::must_take(char letter, const char* where) {
  space();
  if (!take(letter))
    fail(fmt::format("a '{}' is expected {}, and {} stands here", letter, where, shown_next()));
}

bool Json::nothing() {
  space();
  return word("null");
}

std::optional<std::int64_t> Json::integer() {
  space();
  return small_integer(is_end);
}

std::string_view Json::name() {
  must_take('"', "around a text");
  return quoted(Escapes::json);
}

/// A history in an array needs its commas and its closing bracket, so that a file that was cut is noticed; objects one
/// after another need neither.
bool Json::next_map() {
  space();
  if (is_first_)
    is_array_ = take('['), space();
  if (is_array_) {
    if (take(']')) {
      if (space(); !done())
        fail(fmt::format("the history ended before this, with its array; {} follows", shown_next()));
      is_array_ = false;
      return false;
    }
    if (done() && !is_first_)
      fail("the history's ']' is missing: it was cut");
    if (!is_first_)
      must_take(',', "between the operations of an array"), space();
  }
  if (done() && !is_array_)
    return false;
  if (peek() != '{')
    fail(fmt::format("an operation is an object, and {} stands here", shown_next()));
  is_first_ = false;
  is_first_key_ = true;
  return true;
}

bool Json::next_key(std::string_view& key) {
  space();
  if (take('}'))
    return false;
  if (!is_first_key_)
    must_take(',', "between the keys of an object"), space();
  is_first_key_ = false;
  key = name();
  must_take(':', "after a key");
  return true;
}

template <bool keep>
Value Json::read() {
  const Nesting nesting(*this);
  space();
  switch (peek()) {
  case '"': {
    step();
    const auto text = quoted(Escapes::json);
    return keep ? values_.text(text) : Value{};
  }
  case '[':
    return array<keep>();
  case '{':
    return object<keep>();
  case 'n':
    if (word("null"))
      return {};
    break;
  case 't':
    if (word("true"))
      return Values::boolean(true);
    break;
  case 'f':
    if (word("false"))
      return Values::boolean(false);
    break;
  default:
    if (is_digit(peek()) || peek() == '-')
      return number<keep>();
  }
  fail(fmt::format("a value is expected, and {} stands here", shown_next()));
}

template <bool keep>
Value Json::array() {
  step();
  const auto begin = open_.size();
  space();
  for (bool is_first = true; !take(']'); is_first = false, space()) {
    if (!is_first)
      must_take(',', "between the elements of an array");
    const auto element = read<keep>();
    if (keep)
      open_.push_back(element);
  }
  if (!keep)
    return {};
  const auto whole = values_.list({open_.data() + begin, open_.size() - begin});
  open_.resize(begin);
  return whole;
}

template <bool keep>
Value Json::object() {
  step();
  const auto begin = open_.size();
  space();
  for (bool is_first = true; !take('}'); is_first = false, space()) {
    if (!is_first)
      must_take(',', "between the keys of an object");
    const auto key = name();
    if (keep)
      open_.push_back(values_.text(key));
    must_take(':', "after a key");
    const auto element = read<keep>();
    if (keep)
      open_.push_back(element);
  }
  if (!keep)
    return {};
  const auto whole = values_.map({open_.data() + begin, open_.size() - begin});
  open_.resize(begin);
  return whole;
}

template <bool keep>
Value Json::number() {
  if (const auto small = small_integer(is_end))
    return Values::integer(*small);
  // Beyond 18 digits, or with a fraction or an exponent: the grammar is checked here, because from_chars takes less.
  const char* const begin = at_;
  const auto digits = [&] {
    if (!is_digit(peek()))
      fail(fmt::format("a digit is expected, and {} stands here", shown_next()));
    while (is_digit(peek()))
      step();
  };
  take('-');
  digits();
  if (take('.'))
    digits();
  if (take('e') || take('E')) {
    if (!take('+'))
      take('-');
    digits();
  }
  if (!done() && !is_end(*at_))
    fail(fmt::format("a number ends before this, and {} stands here", shown_next()));
  const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  std::int64_t whole = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc{} && rest == at_ && whole >= -Values::largest_integer && whole <= Values::largest_integer)
    return Values::integer(whole);
  return keep ? values_.text(text) : Value{};
}

template Value Json::read<true>();
template Value Json::read<false>();

} // namespace holdfast::jepsen
