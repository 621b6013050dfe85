#include "harness/process/child.hpp"

#include "harness/text/standard_error.hpp"

#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace holdfast::process {

bool die_with(pid_t parent, int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
  return getppid() == parent;
}

int run_to_status(const std::function<int()>& work) {
  int status = 4;
  try {
    status = work();
  } catch (const std::exception& error) {
    text::to_standard_error(fmt::format("holdfast: internal error: {}\n", error.what()));
  }
  std::fflush(nullptr);
  return status;
}

} // namespace holdfast::process
