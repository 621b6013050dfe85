#include "fakes/shop/config.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace shop {

namespace {
std::string trim(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos ? std::string{} : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}
} // namespace

Config Config::read(const std::string& path) {
  std::ifstream file(path);
  if (!file)
    throw std::runtime_error("cannot read the configuration " + path);
  Config config;
  for (std::string line; std::getline(file, line);) {
    line = trim(line);
    const auto equals = line.find('=');
    if (line.empty() || line[0] == '#' || equals == std::string::npos)
      continue;
    config.values_[trim(line.substr(0, equals))] = trim(line.substr(equals + 1));
  }
  return config;
}

std::string Config::require(const std::string& key) const {
  const auto found = values_.find(key);
  if (found == values_.end())
    throw std::runtime_error("the configuration lacks '" + key + "'");
  return found->second;
}

std::vector<std::string> Config::list(const std::string& key) const {
  std::vector<std::string> all;
  std::istringstream parts(require(key));
  for (std::string part; std::getline(parts, part, ',');)
    all.push_back(trim(part));
  if (all.empty())
    throw std::runtime_error("'" + key + "' is empty");
  return all;
}

std::string Config::get(const std::string& key, const std::string& fallback) const {
  const auto found = values_.find(key);
  return found == values_.end() ? fallback : found->second;
}

} // namespace shop
