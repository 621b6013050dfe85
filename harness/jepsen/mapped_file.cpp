#include "harness/jepsen/mapped_file.hpp"

#include "harness/text/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace holdfast::jepsen {

namespace {

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
};

} // namespace

std::variant<MappedFile, std::string> MappedFile::open(const std::filesystem::path& file) {
  if (auto why = text::why_unreadable(file))
    return std::move(*why);
  const auto reason = [] { return std::string("it cannot be read: ") + std::strerror(errno); };
  const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (descriptor.number < 0 || ::fstat(descriptor.number, &status) != 0)
    return reason();
  MappedFile opened;
  opened.size_ = static_cast<std::size_t>(status.st_size);
  // mmap refuses a length of zero, and an empty history is one.
  if (opened.size_ == 0)
    return opened;
  void* const address = ::mmap(nullptr, opened.size_, PROT_READ, MAP_PRIVATE, descriptor.number, 0);
  if (address == MAP_FAILED)
    return reason();
  opened.address_ = address;
  (void)::madvise(address, opened.size_, MADV_SEQUENTIAL); // a hint
  return opened;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (address_ != nullptr)
    ::munmap(address_, size_);
}

} // namespace holdfast::jepsen
