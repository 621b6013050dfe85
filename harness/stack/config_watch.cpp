#include "harness/stack/config_watch.hpp"

#include <cerrno>
#include <sys/inotify.h>
#include <system_error>

namespace holdfast::stack {

ConfigWatch::ConfigWatch() : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!fd_.valid())
    throw std::system_error(errno, std::system_category(), "inotify");
}

// Watches the directory, not the file: a configuration is replaced by renaming a new file onto it, and a watch of the
// file would stay with the old one. What the harness opens to write has another name and is counted under that.
void ConfigWatch::add(const std::filesystem::path& directory) {
  const int watch = ::inotify_add_watch(fd_.get(), directory.c_str(), IN_OPEN);
  if (watch < 0)
    throw std::system_error(errno, std::system_category(), "inotify watch of " + directory.string());
  directories_[watch] = directory;
}

void ConfigWatch::drain() {
  alignas(inotify_event) char buffer[16U << 10U];
  for (;;) {
    const auto size = ::read(fd_.get(), buffer, sizeof buffer);
    if (size <= 0)
      return; // EAGAIN: nothing more has happened
    for (auto* at = buffer; at < buffer + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      // Without a name it is the directory itself that was opened, or the kernel's notice that its queue overflowed.
      if (event->len > 0)
        ++opens_[directories_[event->wd] / event->name];
      at += sizeof(inotify_event) + event->len;
    }
  }
}

std::uint64_t ConfigWatch::opens(const std::filesystem::path& file) {
  drain();
  const auto found = opens_.find(file);
  return found == opens_.end() ? 0 : found->second;
}

} // namespace holdfast::stack
