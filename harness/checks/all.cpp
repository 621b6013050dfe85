// Every check, in the order of reports: one line a check.
#include "harness/checks/check.hpp"

#define HOLDFAST_CHECKS(CHECK)                                                                                         \
  CHECK(sessions)                                                                                                      \
  CHECK(purchases)                                                                                                     \
  CHECK(transactions)                                                                                                  \
  CHECK(payments)                                                                                                      \
  CHECK(processes)                                                                                                     \
  CHECK(readiness)                                                                                                     \
  CHECK(recovery)                                                                                                      \
  CHECK(availability)                                                                                                  \
  CHECK(logs)

namespace holdfast::checks {

// Each is defined beside its check, as NAME_check().
#define HOLDFAST_DECLARE(name) [[nodiscard]] Check name##_check();
HOLDFAST_CHECKS(HOLDFAST_DECLARE)

std::span<const Check> all_checks() {
#define HOLDFAST_LIST(name) name##_check(),
  static const std::vector<Check> all = {HOLDFAST_CHECKS(HOLDFAST_LIST)};
  return all;
}

} // namespace holdfast::checks
