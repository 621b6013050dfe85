#include "harness/process/child.hpp"

#include "harness/text/standard_error.hpp"

#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace holdfast::process {

bool die_with(pid_t parent, int signal) {
  // The kernel sends the signal only for a death after this call. A parent that died between fork and here is never
  // announced; it shows in getppid(), which then names whoever has inherited this process.
  prctl(PR_SET_PDEATHSIG, signal);
  return getppid() == parent;
}

int run_to_status(const std::function<int()>& work) {
  // What the process ends with if `work` throws: verdict::status::harness_failed, which this room cannot include.
  int status = 4;
  try {
    status = work();
  } catch (const std::exception& error) {
    text::to_standard_error(fmt::format("holdfast: internal error: {}\n", error.what()));
  }
  // The callers end by _exit(2), which drops what standard output still buffers.
  std::fflush(nullptr);
  return status;
}

} // namespace holdfast::process
