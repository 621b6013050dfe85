#include "harness/cli/exit_status.hpp"

#include <fcntl.h>
#include <initializer_list>
#include <unistd.h>

namespace {

/// Without one of the three, the next file that is opened would be taken for it, and get what is meant for people.
void open_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) < 0)
      (void)::open("/dev/null", O_RDONLY); // the lowest that is free; to write to it is an error all the same
}

} // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  return holdfast::cli::main_with(argc, argv);
}
