// EDN, as Clojure prints it (github.com/edn-format/edn), as far as histories need it.
//
// Lists, vectors and sets become lists, a set in the order in which it stands there. Characters, symbols, floats,
// ratios and integers beyond Values::largest_integer become texts; `N` behind an integer is dropped. Of a tagged
// literal the value counts.
#pragma once

#include "harness/consistency/values.hpp"
#include "harness/jepsen/scanner.hpp"

#include <vector>

namespace holdfast::jepsen {

class Edn : public Scanner {
public:
  Edn(std::string_view text, consistency::Values& values) : Scanner(text), values_(values) {}

  /// Whitespace, commas, comments and what `#_` discards.
  void space();
  consistency::Value value() { return read<true>(); }
  void skip() { read<false>(); }
  /// True when the next value says that there is none, and takes it.
  bool nothing();
  /// The whole number that is next; otherwise nothing, and the place is unchanged.
  std::optional<std::int64_t> integer();
  /// A keyword, text or symbol.
  std::string_view name();

  /// A history is the maps of one vector or list, or maps one after another. True at the next one, which begins here.
  bool next_map();
  /// The name of the operation's next key, whose value follows; false at its end, which it takes.
  bool next_key(std::string_view& key);

private:
  template <bool keep>
  consistency::Value read();
  enum class Shape { list, map };
  template <bool keep>
  consistency::Value collection(Shape shape, char closing);
  template <bool keep>
  consistency::Value dispatched();
  template <bool keep>
  consistency::Value number();
  template <bool keep>
  consistency::Value character();
  template <bool keep>
  consistency::Value symbol();
  std::string_view token();
  void tag();

  consistency::Values& values_;
  std::vector<consistency::Value> open_; ///< elements of the collections that are being read
  char closing_ = '\0';                  ///< of the vector around the history
  bool has_begun_ = false;
};

} // namespace holdfast::jepsen
