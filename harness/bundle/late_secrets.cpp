// A second pass over files that are already written. While a run goes on, what it knows as a secret is masked before it
// is written; a token that a service logs before it hands it out becomes known too late for that.
#include "harness/bundle/late_secrets.hpp"

#include "harness/history/base64.hpp"
#include "harness/text/output_file.hpp"

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>

namespace holdfast::bundle {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

/// Fields that hold what services and users said. The others name instances, links and steps: a mark there would make
/// them match nothing, should a secret happen to be spelled like one of them.
bool is_said(std::string_view key) {
  return key == "keys" || key == "operations" || key == "detail" || key == "text";
}

/// Masks the texts of a JSON value in place, at any depth; true when something was masked. Bodies that are no printable
/// text stand in base64, where a secret cannot be found as it is: they are decoded, masked and encoded again.
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
  // The last line of a run that was killed may be cut and no JSON; it stays, as does every line without a secret, byte
  // by byte.
  return !error && mask_texts(value, secrets) ? json::serialize(value) : line;
}

std::optional<std::string> mask_file(const fs::path& path, const history::Secrets& secrets) {
  std::error_code error;
  if (!fs::exists(path, error))
    return error ? std::optional(fmt::format("{} cannot be looked at: {}", path.string(), error.message()))
                 : std::nullopt; // not every run has each of these files
  std::ifstream in(path, std::ios::binary);
  if (!in) // what cannot be read cannot be masked, and must not stay as it is without a word
    return fmt::format("{} cannot be read: {}", path.string(), std::strerror(errno));
  // Written beside the file and put in its place at the end, so that it is never lost half-way. Where nothing was
  // masked `finish` is not called, and the file stays as it is.
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
  // Secrets that are found by their name were masked when they were written: only learnt ones can be late.
  if (!secrets.has_learnt())
    return std::nullopt;
  std::vector<fs::path> files;
  for (const auto* name : {"wire.jsonl", "bodies.jsonl", "probes.jsonl"})
    files.push_back(directory / name);
  for (const auto* folder : {"logs", "config"}) {
    std::error_code error;
    for (auto entry = fs::recursive_directory_iterator(directory / folder, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
      if (entry->is_regular_file())
        files.push_back(entry->path());
    if (error && error != std::errc::no_such_file_or_directory)
      return Problem{fmt::format("{} cannot be read: {}", (directory / folder).string(), error.message())};
  }
  for (const auto& file : files)
    if (auto problem = mask_file(file, secrets))
      return Problem{*problem};
  return std::nullopt;
}

} // namespace holdfast::bundle
