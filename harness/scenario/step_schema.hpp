// What a kind of step may be told in TOML. Faults and changes describe themselves with this, so that the parser checks
// their settings without knowing them: one file a fault, and no list to touch here.
#pragma once

#include <string>
#include <vector>

namespace holdfast::scenario {

enum class ValueType {
  boolean,
  integer,
  number,
  string,
  duration,
  positive_duration, ///< more than nothing
  strings,           ///< or one of them
  literal,           ///< a text, number, truth or list of these: a value of a configuration
  release,
  service
};

struct KeySchema {
  std::string name;
  ValueType type = ValueType::string;
  bool required = false;
  std::string help;
  std::vector<std::string> choices = {}; ///< string: the only values allowed
};

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
};

} // namespace holdfast::scenario
