// JSON (RFC 8259), as far as histories need it: a text stands where EDN has a keyword. Numbers with a fraction or an
// exponent, and integers beyond Values::largest_integer, become texts.
#pragma once

#include "harness/consistency/values.hpp"
#include "harness/jepsen/scanner.hpp"

#include <vector>

namespace holdfast::jepsen {

class Json : public Scanner {
public:
  Json(std::string_view text, consistency::Values& values) : Scanner(text), values_(values) {}

  consistency::Value value() { return read<true>(); }
  void skip() { read<false>(); }
  /// True when the next value is null, and takes it.
  bool nothing();
  /// The whole number that is next; otherwise nothing, and the place is unchanged.
  std::optional<std::int64_t> integer();
  /// A text.
  std::string_view name();

  /// A history is the objects of one array, or objects one after another. True at the next one, which begins here.
  bool next_map();
  /// The name of the object's next key, whose value follows; false at its end, which it takes.
  bool next_key(std::string_view& key);

private:
  template <bool keep>
  consistency::Value read();
  template <bool keep>
  consistency::Value array();
  template <bool keep>
  consistency::Value object();
  template <bool keep>
  consistency::Value number();
  void space();
  bool word(std::string_view expected);
  void must_take(char letter, const char* where);

  consistency::Values& values_;
  std::vector<consistency::Value> open_; ///< elements of the arrays and objects that are being read
  bool is_array_ = false;
  bool is_first_ = true;     ///< of the history's objects
  bool is_first_key_ = true; ///< of the object whose keys are asked for
};

} // namespace holdfast::jepsen
