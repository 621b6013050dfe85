#include "harness/scenario/path.hpp"

#include "harness/scenario/instance_id.hpp"
#include <algorithm>

namespace holdfast::scenario {

std::set<int> hosts_on_path(const Stack& stack, const Operation& operation, const Struck& struck) {
  const auto reached = stack.reached_from(operation.service);
  const auto caller = struck.link.substr(0, struck.link.find('>'));
  // Which steps are on the way of an operation the header says. The cases below are a step on processes, one on the
  // link from users to a service, one on the link to a dependency, and one on a link between two services, of which
  // `caller` is the first.
  const auto is_on_way = [&](const Service& service) {
    if (!reached.contains(service.name))
      return false;
    if (struck.link.empty())
      return true;
    if (stack.service(struck.link) != nullptr)
      return service.name == struck.link && service.name == operation.service;
    if (stack.dependency(struck.link) != nullptr)
      return std::find(service.needs.begin(), service.needs.end(), struck.link) != service.needs.end();
    return service.name == caller;
  };
  std::set<int> hosts;
  for (const auto& service : stack.services)
    for (int host = 1; host <= stack.hosts && is_on_way(service); ++host) {
      const auto instance = InstanceId{service.name, host}.text();
      if (struck.instances.empty() ||
          std::find(struck.instances.begin(), struck.instances.end(), instance) != struck.instances.end())
        hosts.insert(host);
    }
  return hosts;
}

} // namespace holdfast::scenario
