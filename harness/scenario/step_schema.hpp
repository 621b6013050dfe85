// What a kind of step is. Faults and changes describe themselves with this, so that the parser checks their settings
// without knowing them: one file a fault, and no list to touch here.
#pragma once

#include "harness/scenario/key_schema.hpp"

namespace holdfast::scenario {

struct StepSchema {
  std::string name; ///< as in `do = "…"`
  enum class Nature {
    change, ///< part of the stack's history: never undone
    fault   ///< injected: applied, proven, undone
  };
  Nature nature = Nature::fault;
  enum class Acts { on_instances, on_link, on_config };
  Acts acts = Acts::on_instances;
  enum class Lasting { instant, lasting };
  Lasting lasting = Lasting::instant; ///< lasting: takes `for`
  /// Whether it ends processes, so that whatever was acknowledged shortly before is at risk. Every fault puts something
  /// at risk.
  enum class Ends { nothing, processes, processes_if_restart };
  Ends ends = Ends::nothing;
  bool restores = false; ///< it is meant to bring back what was: nothing need be at risk for it
  std::string help;
  std::vector<KeySchema> keys = {};
  std::vector<std::string> one_of = {}; ///< of these keys exactly one is given
};

} // namespace holdfast::scenario
