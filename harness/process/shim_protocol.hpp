// What the harness and a shim say to each other over a SOCK_SEQPACKET pair, which is descriptor 3 of the shim.
// Closing the pair means "the harness is gone": the shim kills its tree and exits.
#pragma once

#include <cstdint>

namespace holdfast::process {

struct ShimMessage {
  enum class Type : std::int32_t {
    // to the shim
    signal_main = 1, ///< value: signal for the service's first process, while that has not been reaped
    signal_tree = 2, ///< value: signal for every process of the tree
    kill_tree = 3,   ///< SIGKILL until waitpid says ECHILD
    // from the shim
    started = 16,     ///< value: pid of the first process, which has executed its program
    exec_failed = 17, ///< value: errno
    main_exited = 18, ///< value: native wait status; more: how many processes of its tree still run
    reaped = 19,      ///< another process that had become the shim's child; value: native wait status; more: its pid
  };
  Type type;
  std::int32_t value;
  std::int32_t more = 0;
};

constexpr int shim_control_fd = 3;

} // namespace holdfast::process
