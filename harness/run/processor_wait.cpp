#include "harness/run/processor_wait.hpp"

#include <fstream>

namespace holdfast::run {

std::optional<std::chrono::nanoseconds> processor_wait() {
  // Documentation/scheduler/sched-stats.rst: time on the processor, time waiting for one, number of turns. Both times
  // are nanoseconds. The file is there only in kernels that were built to keep these statistics.
  std::ifstream file("/proc/thread-self/schedstat");
  std::int64_t ran = 0, waited = 0;
  if (!(file >> ran >> waited))
    return std::nullopt;
  return std::chrono::nanoseconds(waited);
}

} // namespace holdfast::run
