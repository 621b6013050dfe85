// A service's configuration: `key = value` lines, '#' begins a comment.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shop {

class Config {
public:
  /// Throws std::runtime_error when the file cannot be read.
  static Config read(const std::string& path);
  /// Throws std::runtime_error when the key is not there.
  std::string require(const std::string& key) const;
  /// The same, separated by commas: a secret that is being rotated is a list, the newest first.
  std::vector<std::string> list(const std::string& key) const;
  std::string get(const std::string& key, const std::string& fallback) const;

private:
  std::map<std::string, std::string> values_;
};

} // namespace shop
