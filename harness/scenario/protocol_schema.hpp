// What a stack file may say of a dependency's protocol. The kinds themselves are not this room's business.
#pragma once

#include "harness/scenario/stack.hpp"

namespace holdfast::scenario {

struct ProtocolSchema {
  std::string name;
  std::string about;       ///< in one line, for people
  bool has_routes = false; ///< its fake answers as `routes` say
  bool has_fake = false;
  bool operations_are_methods = false; ///< "GET", with the path as the key
  /// Fills command, preparation, probe and user of a dependency whose stack says `provider = "server"` and nothing
  /// more: its data live in the run's own folder and end with it. None: a stack must say how it is run.
  void (*use_usual_server)(Dependency& dependency) = nullptr;
};

} // namespace holdfast::scenario
