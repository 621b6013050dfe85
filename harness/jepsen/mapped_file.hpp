// A file's bytes, where the kernel keeps them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::jepsen {

/// Maps a regular file; of anything else (a pipe) the bytes are read. Move-only.
class MappedFile {
public:
  /// The error is a sentence.
  [[nodiscard]] static std::variant<MappedFile, std::string> open(const std::filesystem::path& file);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) = delete;
  ~MappedFile();

  [[nodiscard]] std::string_view text() const { return address_ == nullptr ? read_ : mapped(); }

private:
  MappedFile() = default;
  [[nodiscard]] std::string_view mapped() const { return {static_cast<const char*>(address_), size_}; }

  void* address_ = nullptr;
  std::size_t size_ = 0;
  std::string read_;
};

} // namespace holdfast::jepsen
