// Configuration files as text: one key set, unset or renamed, every other byte left as it is (comments, order, quotes,
// line ends). Pure.
#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::config {

enum class Format {
  properties, ///< `key = value` lines, comments behind '#', ';' or '!', sections in brackets
  toml,
  json,
  text ///< anything else: it is rendered, and no step changes a key of it
};

/// A value in the words of each format.
struct Value {
  std::string plain; ///< as a properties file has it; empty of a list
  std::string toml;  ///< a literal
  std::string json;  ///< a literal
  bool is_text = true;
  bool is_list = false;
};

[[nodiscard]] Value text_value(std::string text);

/// One change. Keys of TOML and JSON are dotted paths; of properties a key, with its section and a dot in front where
/// several sections have it.
struct Edit {
  enum class Kind { set, unset, rename };
  Kind kind = Kind::set;
  std::string key;
  Value value;    ///< set. A text takes the type of what stood there: "5" over 4 is a number
  std::string to; ///< rename: the new key
};

struct Error {
  std::string message; ///< a sentence
};

struct Edited {
  std::string text;
  std::optional<std::string> before; ///< the value as it stood in the file; nothing: there was no such key
  std::optional<std::string> after;  ///< of the key, or of the new one where it was renamed

  /// The file says what it said before.
  [[nodiscard]] bool is_same() const { return before == after && !renamed; }
  bool renamed = false;
};

/// The error says that the text is none of its format, or that the key is not there, or cannot be there.
[[nodiscard]] boost::system::result<Edited, Error> edit(Format format, const std::string& text, const Edit& edit);

/// Why no edit of a text could be made: it is none of its format. Nothing when keys of it can be changed.
[[nodiscard]] std::optional<Error> why_not_editable(Format format, const std::string& text);

// One file a format; `edit` above chooses.
[[nodiscard]] boost::system::result<Edited, Error> edit_properties(const std::string& text, const Edit& edit);
[[nodiscard]] boost::system::result<Edited, Error> edit_toml(const std::string& text, const Edit& edit);
[[nodiscard]] boost::system::result<Edited, Error> edit_json(const std::string& text, const Edit& edit);

/// 64-bit FNV-1a as 16 hexadecimal digits: tells versions apart, is no protection against forgery.
[[nodiscard]] std::string hash(std::string_view text);

} // namespace holdfast::config
