#include "harness/bundle/environment.hpp"

#include <boost/json.hpp>
#include <cstdlib>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace holdfast::bundle {

std::string describe_environment(const std::string& version) {
  // What the machine does not tell stays zero or empty: a run is worth playing without it.
  utsname system{};
  ::uname(&system);
  struct sysinfo memory {};
  ::sysinfo(&memory);
  double load = 0;
  ::getloadavg(&load, 1);
  const boost::json::object root{
      {"holdfast", version},
      {"compiler", __VERSION__},
      {"kernel", std::string(system.sysname) + " " + system.release + " " + system.version},
      {"machine", system.machine},
      {"processors", std::thread::hardware_concurrency()},
      {"memory_mb", static_cast<std::uint64_t>(memory.totalram) * memory.mem_unit / (1U << 20U)},
      {"load", load},
      {"root", ::geteuid() == 0},
  };
  return boost::json::serialize(root) + "\n";
}

} // namespace holdfast::bundle
