// Every kind of step: one line a kind. Each is defined in its own file, as NAME_kind().
#include "harness/faults/step.hpp"

#define HOLDFAST_STEP_KINDS(KIND)                                                                                      \
  KIND(kill)                                                                                                           \
  KIND(stop)                                                                                                           \
  KIND(restart)                                                                                                        \
  KIND(pause)                                                                                                          \
  KIND(deploy)                                                                                                         \
  KIND(rollback)                                                                                                       \
  KIND(config_set)                                                                                                     \
  KIND(config_unset)                                                                                                   \
  KIND(config_rename)                                                                                                  \
  KIND(config_replace)                                                                                                 \
  KIND(refuse)                                                                                                         \
  KIND(hang)                                                                                                           \
  KIND(reset)                                                                                                          \
  KIND(latency)                                                                                                        \
  KIND(drop_reply)                                                                                                     \
  KIND(error)

namespace holdfast::faults {

#define HOLDFAST_DECLARE(name) [[nodiscard]] StepKind name##_kind();
HOLDFAST_STEP_KINDS(HOLDFAST_DECLARE)

std::vector<StepKind> all_kinds() {
  std::vector<StepKind> all;
#define HOLDFAST_ADD(name) all.push_back(name##_kind());
  HOLDFAST_STEP_KINDS(HOLDFAST_ADD)
  return all;
}

} // namespace holdfast::faults
