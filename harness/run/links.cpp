// Every service on every host gets an endpoint of its own to each dependency that it needs, so that a link knows which
// instance is at the other end of a connection. All endpoints that lead to one dependency are one link, since a step
// names the dependency. Services reach each other, and users reach services, directly, unless a step names that link.
#include "harness/run/links.hpp"

#include "harness/protocol/kind.hpp"
#include "harness/scenario/instance_id.hpp"
#include "harness/stack/peer_uid.hpp"
#include "harness/stack/resolve.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <pwd.h>
#include <random>
#include <sys/random.h>
#include <unistd.h>

namespace holdfast::run {

using scenario::Dependency;
using scenario::InstanceId;
namespace fs = std::filesystem;

namespace {

std::string random_password() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw EnvironmentError("this machine gives no random numbers");
  std::string text;
  for (const auto byte : bytes)
    text += fmt::format("{:02x}", byte);
  return text;
}

} // namespace

Links::Links(Setup setup) : setup_(std::move(setup)), password_(random_password()) {
  // Learnt before anything is started: servers and services may write it into their logs and configuration files.
  setup_.places.secrets.learn(password_);
  // Services run as we do, servers possibly as their `run_as`. Root can do anything on this machine as it is.
  admitted_ = {0, ::geteuid()};
  for (const auto& dependency : setup_.plan.scenario.stack.dependencies)
    if (const auto* user = ::getpwnam(dependency.run_as.c_str()); !dependency.run_as.empty() && user != nullptr)
      admitted_.insert(user->pw_uid);
}

Links::~Links() = default;

void Links::close() {
  links_.clear();
}

asio::awaitable<void> Links::find_external(const Dependency& dependency) {
  const auto place = co_await stack::resolve(setup_.executor, scenario::parse_address(dependency.address).value());
  if (!place)
    throw StackError(fmt::format("dependency '{}': {}", dependency.name, place.error().message));
  externals_[dependency.name] = *place;
}

/// Any local user can reach a loopback address, and a stranger's request would be taken for one of an instance. Of a
/// connection that is closed already the kernel names no user: it is let in, and ends by itself.
bool Links::admits(const link::Ends& ends) {
  const auto user = stack::user_of_socket(ends.remote_address, ends.remote_port, ends.local_address, ends.local_port);
  return !user || admitted_.contains(*user);
}

void Links::make_link(const std::string& name, const std::string& protocol, const std::vector<Way>& ways) {
  // Only a link that a step names is framed: there its messages are recorded, and a step may hold them. All others pass
  // bytes as they are.
  const auto framed = setup_.plan.scenario.names_link(name) ? link::Framing::framed : link::Framing::opaque;
  link::Link::OnMessage record;
  if (framed == link::Framing::framed)
    record = [this, name](const link::Message& message) {
      const auto& unit = message.unit;
      const bool request = unit.kind == protocol::Unit::Kind::request;
      using Kind = history::WireMessage::Kind;
      const history::WireMessage header{.time = setup_.recorder.now(),
                                        .kind = request ? Kind::request : Kind::reply,
                                        .link = name,
                                        .peer = message.peer,
                                        .connection = message.connection,
                                        .exchange = unit.exchange,
                                        .operations = unit.request.operations,
                                        .keys = unit.request.keys,
                                        .size = unit.bytes.size(),
                                        .answered = unit.answered};
      // The header goes to wire.jsonl at once; its line number ties it to the body, of which only those around a strike
      // are kept.
      setup_.bodies.add(header, setup_.recorder.message(header), unit.bytes);
    };
  auto link = std::make_unique<link::Link>(setup_.executor, setup_.clock,
                                           link::Link::Setup{name, protocol, framed, std::move(record),
                                                             [this](const link::Ends& ends) { return admits(ends); },
                                                             setup_.on_failure});
  for (const auto& way : ways)
    if (auto opened = link->listen(way.from, way.to); !opened)
      throw EnvironmentError(opened.error());
  links_[name] = std::move(link);
}

void Links::make_links_of(const Dependency& dependency, const std::string& socket) {
  const auto& stack = setup_.plan.scenario.stack;
  link::Fake* fake = nullptr;
  if (dependency.provider == Dependency::Provider::fake) {
    const auto directory = setup_.places.workspace / "dependencies" / dependency.name;
    fs::create_directories(directory);
    auto& recorder = setup_.recorder;
    const auto booked = [&recorder, name = dependency.name](const std::map<std::string, std::string>& entry) {
      history::BookedEvent event{.dependency = name};
      for (const auto& [key, value] : entry)
        event.entry.set(key, value);
      recorder.event(event);
    };
    const auto withheld = [&recorder, name = dependency.name](const std::string& peer, const std::string& route,
                                                              const std::string& behaviour) {
      recorder.event(history::WithheldEvent{name, peer, route, behaviour});
    };
    // The recorder outlives the fakes, and what is captured with it is copied: a fake may book until it is destroyed.
    auto& made = fakes_[dependency.name] = setup_.registry.fakes.at(dependency.protocol)(
        {setup_.executor, setup_.clock, dependency, directory, booked, withheld});
    fake = made.get();
  }
  // A server or an external address is one place behind all endpoints. A fake gets an upstream for each endpoint, since
  // it must be told which instance it talks to.
  std::shared_ptr<link::Upstream> shared;
  if (fake == nullptr && !socket.empty()) {
    shared = link::make_unix_upstream(setup_.executor, socket);
  } else if (fake == nullptr) {
    const auto place = dependency.provider == Dependency::Provider::server ? setup_.addresses.server(dependency.name)
                                                                           : externals_.at(dependency.name);
    shared = link::make_tcp_upstream(setup_.executor, place.address, place.port);
  }
  std::vector<Way> ways;
  for (const auto& service : stack.services) {
    if (std::find(service.needs.begin(), service.needs.end(), dependency.name) == service.needs.end())
      continue;
    for (int host = 1; host <= stack.hosts; ++host) {
      const auto place = setup_.addresses.link(service.name, host, dependency.name);
      const auto peer = InstanceId{service.name, host}.text();
      auto upstream =
          fake != nullptr ? std::shared_ptr(link::make_fake_upstream(setup_.executor, *fake, peer)) : shared;
      ways.push_back({{peer, place.address, place.port}, std::move(upstream)});
    }
  }
  make_link(dependency.name, dependency.protocol, ways);
}

/// From users to a service and from one service to another: on every host a way of its own, since calls stay on a host.
/// They exist only where a step names them: otherwise each request would take two more hops for nothing.
void Links::make_links_of(const scenario::Service& service) {
  const auto& stack = setup_.plan.scenario.stack;
  const auto make = [&](const std::string& name, const std::string& peer, const std::string& to, auto place_on) {
    if (!setup_.plan.scenario.names_link(name))
      return;
    std::vector<Way> ways;
    for (int host = 1; host <= stack.hosts; ++host) {
      const stack::Place place = place_on(host), behind = setup_.addresses.instance(to, host);
      ways.push_back({{InstanceId{peer, host}.text(), place.address, place.port},
                      link::make_tcp_upstream(setup_.executor, behind.address, behind.port)});
    }
    make_link(name, protocol::of_services().schema.name, ways);
  };
  make(service.name, "users", service.name, [&](int host) { return setup_.addresses.users(service.name, host); });
  for (const auto& need : service.needs)
    if (stack.service(need) != nullptr)
      make(service.name + ">" + need, service.name, need,
           [&](int host) { return setup_.addresses.link(service.name, host, need); });
}

void Links::make(const std::function<std::string(const Dependency&)>& socket_of) {
  for (const auto& dependency : setup_.plan.scenario.stack.dependencies)
    make_links_of(dependency, socket_of(dependency));
  for (const auto& service : setup_.plan.scenario.stack.services)
    make_links_of(service);
}

link::Link* Links::find(const std::string& name) const {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : found->second.get();
}

std::optional<std::string> Links::place_of_need(const std::string& service, int host, std::string_view name) const {
  if (!name.starts_with("link."))
    return std::nullopt;
  std::string need(name.substr(5));
  std::string part;
  for (const auto* suffix : {".address", ".port", ".password"})
    if (need.ends_with(suffix))
      part = suffix, need.resize(need.size() - part.size());
  const auto& stack = setup_.plan.scenario.stack;
  const auto& needs = stack.service(service)->needs;
  if (std::find(needs.begin(), needs.end(), need) == needs.end())
    return std::nullopt;
  if (part == ".password")
    return password_;
  // The same condition as in `make_links_of`: where no step names the link between two services there is none, and the
  // configuration must name the other instance itself.
  const bool direct = stack.service(need) != nullptr && !setup_.plan.scenario.names_link(service + ">" + need);
  const auto place = direct ? setup_.addresses.instance(need, host) : setup_.addresses.link(service, host, need);
  if (part == ".address")
    return place.address;
  if (part == ".port")
    return std::to_string(place.port);
  return place.text();
}

stack::Place Links::place_for_users(const stack::Instance& instance) const {
  return links_.contains(instance.kind()) ? setup_.addresses.users(instance.kind(), instance.host()) : instance.place();
}

link::Peers Links::peers(const link::Link& link, const scenario::InstanceSelection& selection,
                         const std::vector<stack::Instance*>& instances) const {
  // A step that selects no instances means the whole link: every peer, those of users included.
  if (selection.services.empty() && selection.hosts.empty() && selection.host_count == 0 && !selection.that)
    return {};
  const bool of_users = setup_.plan.scenario.stack.service(link.name()) != nullptr;
  link::Peers peers;
  for (const auto* instance : instances)
    if (!of_users)
      peers.push_back(instance->name());
    else if (instance->kind() == link.name())
      // On a link from users the peers are groups of users by host. A step that selects an instance means its host's.
      peers.push_back(InstanceId{"users", instance->host()}.text());
  return peers;
}

std::string Links::instance_at(const link::Link& link, const std::string& peer) const {
  const bool of_users = setup_.plan.scenario.stack.service(link.name()) != nullptr;
  return of_users ? InstanceId{link.name(), InstanceId::parse(peer).host}.text() : peer;
}

} // namespace holdfast::run
