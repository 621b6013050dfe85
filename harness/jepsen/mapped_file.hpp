// A file's bytes, where the kernel keeps them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::jepsen {

/// Maps a regular file; anything else may have no end, and is refused. Move-only.
class MappedFile {
public:
  /// The error is a sentence.
  [[nodiscard]] static std::variant<MappedFile, std::string> open(const std::filesystem::path& file);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) = delete;
  ~MappedFile();

  [[nodiscard]] std::string_view text() const { return {static_cast<const char*>(address_), size_}; }

private:
  MappedFile() = default;

  void* address_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace holdfast::jepsen
