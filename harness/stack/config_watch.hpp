// Sees that a configuration file was opened: the evidence that a process read the version that it was meant to read.
#pragma once

#include "harness/process/scoped_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace holdfast::stack {

class ConfigWatch {
public:
  /// Throws std::system_error when the kernel has no inotify instance left.
  ConfigWatch();
  /// Watches the files of `directory`, which must exist. Throws std::system_error.
  void add(const std::filesystem::path& directory);
  /// How often `file` has been opened since it has been watched. Takes the kernel's queue in; does not wait.
  [[nodiscard]] std::uint64_t opens(const std::filesystem::path& file);

private:
  void drain();
  process::ScopedFd fd_;
  std::map<int, std::filesystem::path> directories_;
  std::map<std::filesystem::path, std::uint64_t> opens_;
};

} // namespace holdfast::stack
