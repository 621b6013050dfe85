// A register with compare-and-set. One for each key where the history has keys.
#include "harness/consistency/linearizability/judge.hpp"
#include "harness/consistency/linearizability/register_check.hpp"
#include "harness/consistency/models.hpp"

namespace holdfast::consistency {

Model cas_register_model() {
  auto declarations = linearizability::option_declarations();
  declarations.insert(declarations.begin(),
                      {"initial: the value before the first write; nil by default",
                       "failed-cas: mismatch when a cas that failed proves that the value was not the old one; by "
                       "default it proves nothing"});
  return {"cas-register",
          "a register with compare-and-set is linearizable: read, write, cas [old new]; per key as register",
          {"linearizable"},
          std::move(declarations),
          [](History& history, const Question& question, Budget& budget) {
            return linearizability::check_register(history, question, budget, {.cas = true});
          }};
}

} // namespace holdfast::consistency
