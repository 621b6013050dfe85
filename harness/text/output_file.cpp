#include "harness/text/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

namespace holdfast::text {

namespace fs = std::filesystem;

OutputFile::OutputFile(fs::path path) : path_(std::move(path)), stream_(std::make_unique<std::ofstream>()) {
  std::error_code error;
  // A device or a pipe is written as it is: nothing can be put in its place.
  const auto status = fs::status(path_, error);
  const bool in_place = fs::exists(status) && !fs::is_regular_file(status);
  beside_ = in_place ? path_ : fs::path(fmt::format("{}.{}.new", path_.string(), ::getpid()));
  errno = 0;
  stream_->open(beside_, std::ios::binary | std::ios::trunc);
  if (!*stream_)
    problem_ = fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno != 0 ? errno : EIO));
}

OutputFile::~OutputFile() {
  std::error_code error; // nothing can be said any more
  if (beside_ != path_ && !problem_)
    fs::remove(beside_, error);
}

std::ostream& OutputFile::stream() {
  return *stream_;
}

std::optional<std::string> OutputFile::finish() {
  if (problem_)
    return problem_;
  errno = 0;
  stream_->close();
  if (!*stream_)
    return fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno != 0 ? errno : EIO));
  std::error_code error;
  if (beside_ != path_)
    fs::rename(beside_, path_, error);
  if (error)
    return fmt::format("cannot write {}: {}", path_.string(), error.message());
  beside_ = path_;
  return std::nullopt;
}

std::optional<std::string> write_file(const fs::path& path, std::string_view content) {
  OutputFile file(path);
  if (file.problem())
    return file.problem();
  file.stream() << content;
  return file.finish();
}

} // namespace holdfast::text
