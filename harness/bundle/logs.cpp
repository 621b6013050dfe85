#include "harness/bundle/logs.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>

namespace holdfast::bundle {

namespace fs = std::filesystem;

namespace {

/// "bank@2.log" is the first part of bank@2's log, "bank@2.3.log" its third. A name may hold dots of its own: only a
/// whole number above 1 behind the last one is the number of a part.
struct Part {
  std::string unit;
  int number = 1;
};

Part part_of(const fs::path& file) {
  Part part{file.stem().string(), 1};
  const auto dot = part.unit.rfind('.');
  if (dot == std::string::npos)
    return part;
  int number = 0;
  const auto* end = part.unit.data() + part.unit.size();
  const auto parsed = std::from_chars(part.unit.data() + dot + 1, end, number);
  if (parsed.ec == std::errc{} && parsed.ptr == end && number > 1) {
    part.number = number;
    part.unit.resize(dot);
  }
  return part;
}

/// "  1.234567 err text", as instances write them (harness/stack/instance.cpp). Nothing for any other line.
std::optional<LogLine> parse(std::string_view line) {
  const auto begin = std::min(line.find_first_not_of(' '), line.size());
  const auto time_end = line.find(' ', begin), stream_end = line.find(' ', time_end + 1);
  if (time_end == std::string_view::npos || stream_end == std::string_view::npos)
    return std::nullopt;
  double seconds = 0;
  const auto parsed = std::from_chars(line.data() + begin, line.data() + time_end, seconds);
  if (parsed.ec != std::errc{} || parsed.ptr != line.data() + time_end)
    return std::nullopt;
  return LogLine{{},
                 history::Time(static_cast<std::int64_t>(seconds * 1e9)),
                 line.substr(time_end + 1, stream_end - time_end - 1),
                 line.substr(stream_end + 1)};
}

} // namespace

LogsRead for_each_log_line(const fs::path& bundle, const std::function<void(const LogLine&)>& each) {
  std::map<std::string, std::map<int, fs::path>> parts; // by unit, then number: a directory lists part 10 before part 2
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(bundle / "logs", error))
    if (entry.is_regular_file(error)) {
      const auto part = part_of(entry.path());
      parts[part.unit][part.number] = entry.path();
    }
  LogsRead read{.units = parts.size()};
  for (const auto& [unit, files] : parts) {
    int expected = 1;
    bool is_cut = false;
    for (const auto& [number, path] : files) {
      // A log that has grown too large loses parts after its first one: a gap in the numbers is where they were.
      is_cut = is_cut || number != expected;
      expected = number + 1;
      std::ifstream file(path, std::ios::binary);
      for (std::string line; std::getline(file, line);)
        if (auto parsed = parse(line)) {
          parsed->unit = unit;
          each(*parsed);
        }
    }
    if (is_cut)
      read.cut.push_back(unit);
  }
  return read;
}

} // namespace holdfast::bundle
