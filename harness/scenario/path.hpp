// The way of a user's operation through a stack, and whether something that a step strikes lies on it. Pure.
#pragma once

#include "harness/scenario/stack.hpp"

#include <set>

namespace holdfast::scenario {

/// What a step acts on.
struct Struck {
  std::vector<std::string> instances; ///< "bank@2"; empty: all
  std::string link;                   ///< of a step on a link
};

/// Hosts on which an operation passes what is struck. Its way begins at its own service and leads to every service that
/// this one needs, and that those need in turn, on the same host. A step on processes is on that way when it strikes
/// one of these services; a step on a dependency's link, when it strikes one that needs the dependency; on a link
/// between two services ("orders>bank"), when it strikes the caller; on the link from users to a service, when the
/// operation is sent to that service by its users.
[[nodiscard]] std::set<int> hosts_on_path(const Stack& stack, const Operation& operation, const Struck& struck);

} // namespace holdfast::scenario
