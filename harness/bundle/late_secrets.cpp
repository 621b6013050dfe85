#include "harness/bundle/late_secrets.hpp"

#include "harness/history/base64.hpp"
#include "harness/text/output_file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fstream>

namespace holdfast::bundle {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

/// What was said; the rest names instances, links and steps, and is compared.
bool is_said(std::string_view key) {
  return key == "keys" || key == "operations" || key == "detail" || key == "text";
}

/// True when something of it was masked.
bool mask_texts(json::value& value, const history::Secrets& secrets) {
  bool changed = false;
  if (auto* text = value.if_string()) {
    auto masked = secrets.mask_learnt(std::string(*text));
    changed = std::string_view(masked) != std::string_view(*text);
    if (changed)
      *text = masked;
  } else if (auto* array = value.if_array()) {
    for (auto& one : *array)
      changed = mask_texts(one, secrets) || changed;
  } else if (auto* object = value.if_object()) {
    for (auto& [key, one] : *object)
      if (key == "base64") {
        const auto bytes = one.is_string() ? history::from_base64(one.get_string()) : std::nullopt;
        const auto masked = bytes ? secrets.mask_learnt(*bytes) : std::string{};
        if (bytes && masked != *bytes) {
          one = history::to_base64(masked);
          changed = true;
        }
      } else if (is_said(key))
        changed = mask_texts(one, secrets) || changed;
  }
  return changed;
}

std::string mask_json(const std::string& line, const history::Secrets& secrets) {
  boost::system::error_code error;
  auto value = json::parse(line, error);
  return !error && mask_texts(value, secrets) ? json::serialize(value) : line;
}

std::optional<std::string> mask_file(const fs::path& path, const history::Secrets& secrets) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return std::nullopt; // this run has none
  text::OutputFile out(path);
  if (out.problem())
    return out.problem();
  bool changed = false;
  const bool is_json = path.extension() == ".jsonl";
  for (std::string line; std::getline(in, line);) {
    const auto masked = is_json ? mask_json(line, secrets) : secrets.mask_learnt(line);
    changed = changed || masked != line;
    out.stream() << masked;
    if (!in.eof())
      out.stream() << '\n';
  }
  return changed ? out.finish() : std::nullopt;
}

} // namespace

std::optional<Problem> mask_late_secrets(const fs::path& directory, const history::Secrets& secrets) {
  if (!secrets.has_learnt())
    return std::nullopt;
  std::vector<fs::path> files;
  for (const auto* name : {"wire.jsonl", "bodies.jsonl", "probes.jsonl"})
    files.push_back(directory / name);
  std::error_code error;
  for (const auto* folder : {"logs", "config"})
    for (auto entry = fs::recursive_directory_iterator(directory / folder, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
      if (entry->is_regular_file())
        files.push_back(entry->path());
  if (error && error != std::errc::no_such_file_or_directory)
    return Problem{fmt::format("{} cannot be read: {}", directory.string(), error.message())};
  for (const auto& file : files)
    if (auto problem = mask_file(file, secrets))
      return Problem{*problem};
  return std::nullopt;
}

} // namespace holdfast::bundle
