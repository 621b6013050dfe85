// Configuration as text: one key set, unset or renamed in a file of a known format, the rest left as it is. Pure.
#pragma once

#include "harness/scenario/stack.hpp"

#include <boost/system/result.hpp>

namespace holdfast::stack {

/// One change to a configuration. Keys of TOML and JSON are dotted paths.
struct ConfigEdit {
  enum class Kind { set, unset, rename };
  Kind kind = Kind::set;
  std::string key;
  std::string value; ///< set: the new value; rename: the new key
};

struct ConfigError {
  std::string message;
};

/// The text after the edit. The error says that the text does not parse, or that the key to unset or rename is not
/// there.
[[nodiscard]] boost::system::result<std::string, ConfigError>
edit_config(scenario::ConfigFormat format, const std::string& text, const ConfigEdit& edit);

/// 64-bit FNV-1a as 16 hexadecimal digits: tells versions apart, is no protection against forgery.
[[nodiscard]] std::string config_hash(std::string_view text);

} // namespace holdfast::stack
