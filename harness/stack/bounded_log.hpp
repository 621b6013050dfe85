// The output of one unit: its first MiB and the newest 63, however much there is. What a person needs of a log is how
// it began and how it ended.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace holdfast::stack {

/// Writes `NAME.log`, and beyond its first MiB `NAME.2.log`, `NAME.3.log` …, of which the oldest go.
class BoundedLog {
public:
  static constexpr std::uint64_t head = 1U << 20U, part = 3U << 20U;
  static constexpr std::size_t parts = 22; ///< the newest is being filled: those before it are 63 MiB

  explicit BoundedLog(const std::filesystem::path& path);
  /// One line, its end of line included. It can be read from the file when this returns.
  void append(std::string_view line);
  /// Something of it is gone.
  [[nodiscard]] bool has_dropped() const { return dropped_; }

private:
  void begin_part();

  std::filesystem::path path_;
  std::ofstream file_;
  std::uint64_t size_ = 0; ///< of the file that is being written
  std::deque<std::filesystem::path> newer_;
  int number_ = 1;
  bool dropped_ = false;
};

} // namespace holdfast::stack
