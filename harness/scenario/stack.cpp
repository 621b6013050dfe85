#include "harness/scenario/stack.hpp"

#include "harness/scenario/placeholders.hpp"

#include <algorithm>
#include <functional>

namespace holdfast::scenario {

namespace {
template <class T>
const T* by_name(const std::vector<T>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}
} // namespace

const Service* Stack::service(const std::string& service_name) const {
  return by_name(services, service_name);
}
const Release* Stack::release(const std::string& release_name) const {
  return by_name(releases, release_name);
}
const Dependency* Stack::dependency(const std::string& dependency_name) const {
  return by_name(dependencies, dependency_name);
}
const Operation* Stack::operation(const std::string& operation_name) const {
  return by_name(operations, operation_name);
}
const Operation* Stack::operation(Role role) const {
  const auto found =
      std::find_if(operations.begin(), operations.end(), [&](const Operation& one) { return one.role == role; });
  return found == operations.end() ? nullptr : &*found;
}

// The overview stands in only where no operation has the role itself.
const Operation* Stack::reader(Role role) const {
  const auto* own = operation(role);
  const bool in_overview = role == Role::whoami || role == Role::purchases || role == Role::statement;
  return own == nullptr && in_overview ? operation(Role::overview) : own;
}

// A placeholder in the request that a login's reply fills is a token. Cookies are named in no request: the browser
// sends them by itself.
bool Stack::carries_token(const Operation& one) const {
  const auto* login = operation(Role::login);
  if (login == nullptr)
    return false;
  auto request = one.path + one.json_body;
  for (const auto& header : one.headers)
    request += header.second;
  const auto used = placeholders(request);
  return std::any_of(used.begin(), used.end(), [&](const auto& each) { return login->ok.capture.contains(each); });
}

std::set<std::string> Stack::reached_from(const std::string& service_name) const {
  std::set<std::string> reached;
  std::vector<std::string> open = {service_name};
  while (!open.empty()) {
    const auto* one = service(open.back());
    open.pop_back();
    // Needs are dependencies as well, which are no services and lead no further.
    if (one != nullptr && reached.insert(one->name).second)
      open.insert(open.end(), one->needs.begin(), one->needs.end());
  }
  return reached;
}

// Depth first. A service counts as visited before its needs are, so that services which need each other in a circle are
// started in some order, and the walk ends.
std::vector<const Service*> Stack::start_order() const {
  std::vector<const Service*> order;
  std::set<std::string> visited;
  const std::function<void(const Service&)> visit = [&](const Service& one) {
    if (!visited.insert(one.name).second)
      return;
    for (const auto& need : one.needs)
      if (const auto* other = service(need))
        visit(*other);
    order.push_back(&one);
  };
  for (const auto& one : services)
    visit(one);
  return order;
}

std::string to_string(Role role) {
  switch (role) {
  case Role::register_user:
    return "register";
  case Role::login:
    return "login";
  case Role::logout:
    return "logout";
  case Role::whoami:
    return "whoami";
  case Role::purchase:
    return "purchase";
  case Role::purchases:
    return "purchases";
  case Role::transfer:
    return "transfer";
  case Role::statement:
    return "statement";
  case Role::overview:
    return "overview";
  case Role::import_users:
    return "import";
  case Role::other:
    return "other";
  }
  return "other";
}

} // namespace holdfast::scenario
