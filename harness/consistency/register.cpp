// A register: read and write. One for each key where the history has keys.
#include "harness/consistency/linearizability/judge.hpp"
#include "harness/consistency/linearizability/register_check.hpp"
#include "harness/consistency/models.hpp"

namespace holdfast::consistency {

Model register_model() {
  auto declarations = linearizability::option_declarations();
  declarations.insert(declarations.begin(), "initial: the value before the first write; nil by default");
  return {"register",
          "a register is linearizable: read, write; per key where values are [key value] or events have a :key",
          {"linearizable"},
          std::move(declarations),
          [](History& history, const Question& question, Budget& budget) {
            return linearizability::check_register(history, question, budget, {});
          }};
}

} // namespace holdfast::consistency
