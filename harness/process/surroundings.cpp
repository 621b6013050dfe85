#include "harness/process/surroundings.hpp"

#include <algorithm>
#include <sys/resource.h>
#include <sys/stat.h>

namespace holdfast::process {

Surroundings Surroundings::take() {
  Surroundings now;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    now.descriptors = limit.rlim_cur;
  // umask(2) cannot be read without being set, so it is set back at once.
  now.file_mask = ::umask(0);
  ::umask(now.file_mask);
  return now;
}

std::uint64_t Surroundings::adapt() {
  ::umask(077);
  constexpr rlim_t enough = 1U << 20U; // a hard limit may be "infinite", and tables are made for what is asked
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 0;
  // Never below what there is: the soft limit may already be above `enough`.
  const auto wanted = std::max(limit.rlim_cur, std::min(limit.rlim_max, enough));
  const rlimit raised{wanted, limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? wanted : limit.rlim_cur;
}

} // namespace holdfast::process
