#include "harness/text/standard_error.hpp"

#include <cerrno>
#include <unistd.h>

namespace holdfast::text {

void to_standard_error(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR)
      return;
    if (written > 0)
      text.remove_prefix(static_cast<std::size_t>(written));
  }
}

} // namespace holdfast::text
