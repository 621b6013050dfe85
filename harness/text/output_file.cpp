#include "harness/text/output_file.hpp"

#include "harness/text/descriptor_buffer.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <ostream>
#include <unistd.h>
#include <utility>

namespace holdfast::text {

namespace fs = std::filesystem;

namespace {

constexpr mode_t as_others_have_it = 0666; ///< less what the user's mask takes

/// Where a name leads: what stands there is replaced, and not the name.
fs::path followed(const fs::path& path) {
  std::error_code error;
  const auto target = fs::is_symlink(path, error) ? fs::canonical(path, error) : path;
  return error ? path : target;
}

/// A device or a pipe is written as it is: nothing can be put in its place.
bool is_in_place(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  const auto text = path.string();
  return (fs::exists(status) && !fs::is_regular_file(status)) || text.starts_with("/dev/") ||
         text.starts_with("/proc/");
}

} // namespace

struct OutputFile::Open {
  explicit Open(int opened) : descriptor(opened), buffer(opened), stream(&buffer) {}
  ~Open() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  int descriptor;
  DescriptorBuffer buffer;
  std::ostream stream;
};

OutputFile::OutputFile(fs::path path) : path_(is_in_place(path) ? std::move(path) : followed(path)) {
  beside_ = is_in_place(path_) ? path_ : fs::path(fmt::format("{}.{}.new", path_.string(), ::getpid()));
  open_ = std::make_unique<Open>(::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, as_others_have_it));
  if (open_->descriptor < 0)
    problem_ = why(errno);
}

OutputFile::~OutputFile() {
  std::error_code error; // nothing can be said any more
  if (beside_ != path_ && !problem_)
    fs::remove(beside_, error);
}

std::string OutputFile::why(int error) const {
  return fmt::format("cannot write {}: {}", path_.string(), std::strerror(error));
}

std::ostream& OutputFile::stream() {
  return open_->stream;
}

std::optional<std::string> OutputFile::finish() {
  if (problem_)
    return problem_;
  open_->stream.flush();
  if (open_->buffer.error() != 0)
    return why(open_->buffer.error());
  if (::close(std::exchange(open_->descriptor, -1)) != 0) // some file systems say only now that they are full
    return why(errno);
  std::error_code error;
  if (beside_ != path_)
    fs::rename(beside_, path_, error);
  if (error)
    return why(error.value());
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
