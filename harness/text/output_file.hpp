// Files that Holdfast writes for people and programs: written beside and put in their place when they are whole.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::text {

/// One file on its way. Made first, so that nobody learns after a night that it cannot be written; what is not finished
/// leaves nothing and no change behind.
class OutputFile {
public:
  explicit OutputFile(std::filesystem::path path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Why it could not be made: a sentence, or nothing.
  [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }
  [[nodiscard]] std::ostream& stream();
  /// Puts it in its place. A sentence when something of it could not be written, or nothing.
  [[nodiscard]] std::optional<std::string> finish();

private:
  struct Open;
  [[nodiscard]] std::string why(int error) const;

  std::filesystem::path path_, beside_;
  std::unique_ptr<Open> open_;
  std::optional<std::string> problem_;
};

/// The whole of a file at once; a sentence when it cannot be written.
[[nodiscard]] std::optional<std::string> write_file(const std::filesystem::path& path, std::string_view content);

} // namespace holdfast::text
