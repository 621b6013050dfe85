#include "harness/jepsen/mapped_file.hpp"

#include <array>
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
  const auto reason = [] { return std::string("cannot be read: ") + std::strerror(errno); };
  const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (descriptor.number < 0 || ::fstat(descriptor.number, &status) != 0)
    return reason();
  MappedFile opened;
  if (S_ISREG(status.st_mode) && status.st_size > 0) {
    opened.size_ = static_cast<std::size_t>(status.st_size);
    void* const address = ::mmap(nullptr, opened.size_, PROT_READ, MAP_PRIVATE, descriptor.number, 0);
    if (address == MAP_FAILED)
      return reason();
    opened.address_ = address;
    (void)::madvise(address, opened.size_, MADV_SEQUENTIAL); // a hint
    return opened;
  }
  for (std::array<char, 65536> bytes;;) {
    const auto count = ::read(descriptor.number, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR)
      return reason();
    if (count == 0)
      return opened;
    if (count > 0)
      opened.read_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)),
      read_(std::move(other.read_)) {}

MappedFile::~MappedFile() {
  if (address_ != nullptr)
    ::munmap(address_, size_);
}

} // namespace holdfast::jepsen
