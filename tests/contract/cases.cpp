#include "tests/contract/contract.hpp"
#include "tests/support/support.hpp"

#include <fstream>
#include <sstream>
#include <toml++/toml.h>

namespace holdfast::test::contract {

namespace {

/// As a text parameter of libpq: JSON's words are PostgreSQL's, but for strings and arrays.
std::optional<std::string> parameter(const boost::json::value& value) {
  if (value.is_null())
    return std::nullopt;
  if (value.is_string())
    return std::string(value.as_string());
  if (!value.is_array())
    return boost::json::serialize(value);
  auto text = boost::json::serialize(value);
  text.front() = '{';
  text.back() = '}';
  return text;
}

} // namespace

std::vector<Case> read_cases(const std::string& file) {
  std::ifstream stream(source("tests/contract/" + file));
  std::vector<Case> all;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("== ")) {
      all.push_back({line.substr(3), {}});
    } else if (!line.empty() && !line.starts_with("#")) {
      Step step;
      step.second = line.starts_with("b> ");
      step.text = step.second ? line.substr(3) : line;
      if (const auto at = step.text.find(" ~ "); at != std::string::npos) {
        const auto values = boost::json::parse(step.text.substr(at + 3));
        for (const auto& value : values.as_array())
          step.parameters.push_back(parameter(value));
        step.text.resize(at);
      }
      all.back().steps.push_back(std::move(step));
    }
  }
  return all;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (bool quoted = false;; quoted = !quoted) {
    const auto end = text.find('"');
    std::istringstream part{std::string(text.substr(0, end))};
    if (quoted)
      words.push_back(part.str());
    else
      for (std::string word; part >> word;)
        words.push_back(word);
    if (end == std::string_view::npos)
      return words;
    text.remove_prefix(end + 1);
  }
}

std::vector<Divergence> read_divergences() {
  std::vector<Divergence> all;
  const auto file = toml::parse_file(source("tests/contract/divergences.toml").string());
  for (const auto& node : *file["divergence"].as_array()) {
    const auto& entry = *node.as_table();
    Divergence one{*entry["protocol"].value<std::string>(),
                   *entry["case"].value<std::string>(),
                   *entry["why"].value<std::string>(),
                   {}};
    if (const auto* clients = entry["clients"].as_array())
      for (const auto& client : *clients)
        one.clients.push_back(*client.value<std::string>());
    all.push_back(std::move(one));
  }
  return all;
}

} // namespace holdfast::test::contract
