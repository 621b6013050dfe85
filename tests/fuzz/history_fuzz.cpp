// The reader of recorded histories: any file is a history or an error with its line.
#include "harness/history/reader.hpp"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string_view>

using namespace holdfast;

namespace {

/// The three files of a bundle, in one folder for the whole campaign.
struct Folder {
  std::filesystem::path path;
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "holdfast-fuzz-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      std::abort();
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto* name : {"history.jsonl", "events.jsonl", "probes.jsonl"}) { // separated by a zero byte
    const auto end = std::min(text.find('\0'), text.size());
    std::ofstream(folder.path / name, std::ios::binary | std::ios::trunc) << text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto read = history::read_history(folder.path);
  if (const auto* error = std::get_if<history::ReadError>(&read); error != nullptr && history::describe(*error).empty())
    std::abort();
  return 0;
}
