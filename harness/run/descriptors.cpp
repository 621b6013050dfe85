// Counted before the run: with too few descriptors a link could not accept, or a user not connect, in the middle of it,
// and the run would end there as a failure of the harness. A lower bound, so that no run is refused that could have
// been played.
#include "harness/run/descriptors.hpp"

namespace holdfast::run {

namespace {

constexpr std::uint64_t of_the_run = 40;      // loop, history, watches, signals, standard streams
constexpr std::uint64_t of_an_instance = 8;   // shim and its pipes, log, two kept probes
constexpr std::uint64_t of_a_way = 3;         // a listener, and one connection with two ends
constexpr std::uint64_t of_a_linked_user = 3; // the user's end and both ends of the link

} // namespace

std::uint64_t least_descriptors(const scenario::Scenario& scenario) {
  const auto& stack = scenario.stack;
  const auto hosts = static_cast<std::uint64_t>(stack.hosts);
  std::uint64_t sum = of_the_run;
  bool users_are_linked = false;
  for (const auto& service : stack.services) {
    sum += hosts * of_an_instance;
    users_are_linked = users_are_linked || scenario.names_link(service.name);
    // A dependency always has a link before it; another service only where a step names the link between the two.
    for (const auto& need : service.needs)
      if (stack.service(need) == nullptr || scenario.names_link(service.name + ">" + need))
        sum += hosts * of_a_way;
  }
  for (const auto& dependency : stack.dependencies)
    if (dependency.provider == scenario::Dependency::Provider::server)
      sum += of_an_instance;
  return sum + static_cast<std::uint64_t>(scenario.workload.connections) * (users_are_linked ? of_a_linked_user : 1);
}

} // namespace holdfast::run
