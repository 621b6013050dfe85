// What a process inherits from whoever starts it, and what the harness changes of that for itself: the services under
// test start with what holdfast was started with.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace holdfast::process {

struct Surroundings {
  std::uint64_t descriptors = 0; ///< soft limit of open files
  mode_t file_mask = 0;          ///< what is taken from the permissions of new files

  /// As they are now. Called once, before `adapt`.
  [[nodiscard]] static Surroundings take();
  /// For the harness itself: as many descriptors as it may have, and files that are its user's alone. Returns how many
  /// descriptors it has now.
  static std::uint64_t adapt();
};

} // namespace holdfast::process
