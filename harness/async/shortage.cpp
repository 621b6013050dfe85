#include "harness/async/shortage.hpp"

#include <cerrno>

namespace holdfast::async {

std::optional<std::string> shortage_of(int error) {
  switch (error) {
  case EMFILE:
    return "the harness has no file descriptor left: raise the limit (ulimit -n), or lower [workload] connections";
  case ENFILE:
    return "this machine has no file descriptor left";
  case ENOMEM:
  case ENOBUFS:
    return "this machine has no memory left";
  case EAGAIN:
    return "this machine gives no further process: raise the limit (ulimit -u)";
  case EADDRNOTAVAIL:
    return "no local port is left for a further connection: lower [workload] connections or arrivals";
  default:
    return std::nullopt;
  }
}

void throw_shortage(const boost::system::error_code& error, const std::string& doing) {
  // EAGAIN of a socket means that the caller has to wait, and only from fork(2) that there are too many processes.
  const bool of_system =
      error.category() == boost::system::system_category() || error.category() == boost::system::generic_category();
  if (!error || !of_system || error.value() == EAGAIN)
    return;
  if (const auto what = shortage_of(error.value()))
    throw Shortage(doing + ": " + *what);
}

} // namespace holdfast::async
