// scenarios/GUIDE.md, played word for word: its files are written, its commands run, and what it says they print is
// there.
#include "tests/support/support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

using namespace holdfast;

namespace {

/// A stretch of text, or what stands between fences.
struct Block {
  std::string kind; ///< behind the fence; empty: text
  std::string text;
};

std::vector<Block> blocks() {
  std::ifstream guide(test::source("scenarios/GUIDE.md"));
  std::vector<Block> all(1);
  for (std::string line; std::getline(guide, line);) {
    if (line.starts_with("```"))
      all.push_back({all.back().kind.empty() ? line.substr(3) : std::string{}, {}});
    else
      all.back().text += line + "\n";
  }
  return all;
}

/// The last thing in backticks before the end of a text.
std::string last_quoted(const std::string& text) {
  const auto end = text.rfind('`');
  const auto begin = end == std::string::npos || end == 0 ? end : text.rfind('`', end - 1);
  return begin == std::string::npos ? std::string{} : text.substr(begin + 1, end - begin - 1);
}

} // namespace

TEST_CASE("guide: from an empty folder to a verdict, word for word") {
  const test::TemporaryFolder folder;
  std::map<std::string, std::string> files;
  std::string said, before;
  std::size_t commands = 0;
  for (const auto& block : blocks()) {
    if (block.kind.empty()) {
      before = block.text.size() > 1 ? block.text : before;
    } else if (block.kind == "sh") {
      REQUIRE(block.text.starts_with("holdfast "));
      const auto command = fmt::format("cd '{}' && '{}' {}", folder.path().string(), test::holdfast_program(),
                                       block.text.substr(std::string_view("holdfast ").size()));
      const auto finished = test::run_program({"bash", "-c", command}, folder.path());
      said = finished.out + finished.err;
      ++commands;
    } else if (block.kind == "text") {
      std::istringstream lines(block.text);
      for (std::string line; std::getline(lines, line);) {
        INFO(said);
        CHECK(said.find(line) != std::string::npos);
      }
    } else if (before.find("Save this as") != std::string::npos) {
      const auto name = last_quoted(before);
      files[name] = block.text;
      folder.write(name, block.text);
    } else { // instead of the line that was quoted
      const auto old = last_quoted(before);
      auto& file = files.at("shop.py");
      const auto at = file.find(old);
      INFO(old);
      REQUIRE(at != std::string::npos);
      const auto line = file.rfind('\n', at) + 1;
      file.replace(line, file.find('\n', at) + 1 - line, block.text);
      folder.write("shop.py", file);
    }
  }
  CHECK(commands == 3);
  CHECK(test::processes_of(folder.path()).empty());
}
