// Files that Holdfast reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace holdfast::text {

/// Why a file cannot be read: it is not there, or it is a folder, a device or a pipe, which may have no end. Nothing
/// when it can.
[[nodiscard]] std::optional<std::string> why_unreadable(const std::filesystem::path& file);

struct Unreadable {
  std::string why; ///< "there is no such file"
};

/// The whole of a file.
[[nodiscard]] std::variant<std::string, Unreadable> read_file(const std::filesystem::path& file);

} // namespace holdfast::text
