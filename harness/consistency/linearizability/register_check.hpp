// What the models `register` and `cas-register` share.
//
// A read of nil is one: it saw that nothing was there. A compare-and-set that failed had no effect, and by default
// shows nothing: `fail` promises no more, a refused connection fails too. Where the service fails it for one reason
// alone, `failed-cas=mismatch` makes it the observation that the value was another.
#pragma once

#include "harness/consistency/model.hpp"

namespace holdfast::consistency::linearizability {

/// Beside read and write.
struct RegisterOperations {
  bool cas = false;
  bool mismatch = false; ///< a failed one is an observation
};

Result check_register(History& history, const Question& question, Budget& budget, RegisterOperations has);

} // namespace holdfast::consistency::linearizability
