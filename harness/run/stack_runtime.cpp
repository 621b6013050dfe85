#include "harness/run/stack_runtime.hpp"

#include "harness/async/deadline.hpp"
#include "harness/stack/listening.hpp"
#include "harness/workload/plan.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace holdfast::run {

namespace fs = std::filesystem;
using scenario::Dependency;

namespace {

constexpr auto watch_least = std::chrono::milliseconds{20}; ///< between two looks at a running instance

stack::Place parse_place(const std::string& address) {
  const auto colon = address.rfind(':');
  stack::Place place{address.substr(0, colon), 0};
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), place.port);
  if (place.address == "localhost")
    place.address = "127.0.0.1";
  return place;
}

} // namespace

StackRuntime::StackRuntime(asio::any_io_executor executor, async::Clock& clock, const Plan& plan,
                           const Registry& registry, const Places& places, history::Recorder& recorder)
    : executor_(executor), clock_(clock), plan_(plan), registry_(registry), places_(places), recorder_(recorder),
      addresses_(plan.scenario.stack, places.lease), stop_(executor) {}

StackRuntime::~StackRuntime() = default;

void StackRuntime::process(const std::string& instance, const std::string& state, const std::string& detail) {
  recorder_.event("process", {{"instance", instance}, {"state", state}, {"detail", detail}});
}

void StackRuntime::config(const std::string& instance, const std::string& file, const std::string& hash,
                          const std::string& release, const std::string& text) {
  recorder_.event("config", {{"instance", instance}, {"file", file}, {"hash", hash}, {"release", release}});
  const auto path = places_.bundle / "config" / fmt::format("{}-{}", hash, file);
  if (fs::exists(path))
    return;
  std::ofstream stream(path);
  stream << text;
  stream.flush();
  if (!stream)
    throw history::WriteError(fmt::format("cannot write {}", path.string()));
}

void StackRuntime::probe(const std::string& instance, const stack::ProbeAnswer& answer) {
  recorder_.probe(instance, answer.ready, answer.detail);
}

std::optional<std::string> StackRuntime::place_of_need(const std::string& service, int host,
                                                       std::string_view name) const {
  if (!name.starts_with("link."))
    return std::nullopt;
  std::string need(name.substr(5));
  std::string part;
  for (const auto* suffix : {".address", ".port"})
    if (need.ends_with(suffix))
      part = suffix, need.resize(need.size() - part.size());
  const auto& needs = plan_.scenario.stack.service(service)->needs;
  if (std::find(needs.begin(), needs.end(), need) == needs.end())
    return std::nullopt;
  const bool direct = plan_.scenario.stack.service(need) != nullptr && !is_named(service + ">" + need);
  const auto place = direct ? addresses_.instance(need, host) : addresses_.link(service, host, need);
  if (part == ".address")
    return place.address;
  if (part == ".port")
    return std::to_string(place.port);
  return place.text();
}

bool StackRuntime::is_named(const std::string& name) const {
  return std::any_of(plan_.scenario.steps.begin(), plan_.scenario.steps.end(), [&](const scenario::Step& step) {
    const auto* when = std::get_if<scenario::AtPosition>(&step.trigger);
    return step.get<std::string>("link") == name || (when != nullptr && when->link == name);
  });
}

void StackRuntime::make_link(const std::string& name, const std::string& protocol,
                             std::unique_ptr<link::Upstream> upstream, const std::vector<link::Endpoint>& endpoints) {
  // Only a link that somebody may hold messages on is framed: the others pass bytes.
  const auto framed = is_named(name) ? link::Framing::framed : link::Framing::opaque;
  auto link = std::make_unique<link::Link>(executor_, name, protocol, std::move(upstream), framed);
  for (const auto& endpoint : endpoints)
    if (auto opened = link->listen(endpoint); !opened)
      throw EnvironmentError(opened.error());
  links_[name] = std::move(link);
}

void StackRuntime::make_links() {
  const auto& stack = plan_.scenario.stack;
  for (const auto& dependency : stack.dependencies) {
    std::unique_ptr<link::Upstream> upstream;
    if (dependency.provider == Dependency::Provider::fake) {
      const auto directory = places_.workspace / "dependencies" / dependency.name;
      fs::create_directories(directory);
      auto& fake = fakes_[dependency.name] = registry_.fakes.at(dependency.protocol)(executor_, clock_, directory);
      upstream = link::make_fake_upstream(executor_, *fake);
    } else {
      const auto place = dependency.provider == Dependency::Provider::server ? addresses_.server(dependency.name)
                                                                             : parse_place(dependency.address);
      upstream = link::make_tcp_upstream(executor_, place.address, place.port);
    }
    std::vector<link::Endpoint> endpoints;
    for (const auto& service : stack.services) {
      if (std::find(service.needs.begin(), service.needs.end(), dependency.name) == service.needs.end())
        continue;
      for (int host = 1; host <= stack.hosts; ++host) {
        const auto place = addresses_.link(service.name, host, dependency.name);
        endpoints.push_back({fmt::format("{}@{}", service.name, host), place.address, place.port});
      }
    }
    make_link(dependency.name, dependency.protocol, std::move(upstream), endpoints);
  }
  // Links between services and from users have one upstream a host: each is a link of its own under the common name's
  // first host. They exist only where a step names them.
  for (const auto& service : stack.services) {
    if (is_named(service.name)) {
      if (stack.hosts > 1)
        throw StackError(fmt::format("the link '{}' from users to a service needs a stack of one host", service.name));
      const auto place = addresses_.users(service.name, 1), behind = addresses_.instance(service.name, 1);
      make_link(service.name, "http", link::make_tcp_upstream(executor_, behind.address, behind.port),
                {{"users", place.address, place.port}});
    }
    for (const auto& need : service.needs) {
      const auto name = service.name + ">" + need;
      if (stack.service(need) == nullptr || !is_named(name))
        continue;
      if (stack.hosts > 1)
        throw StackError(fmt::format("the link '{}' between services needs a stack of one host", name));
      const auto place = addresses_.link(service.name, 1, need), behind = addresses_.instance(need, 1);
      make_link(name, "http", link::make_tcp_upstream(executor_, behind.address, behind.port),
                {{service.name + "@1", place.address, place.port}});
    }
  }
}

void StackRuntime::make_instances() {
  const auto& stack = plan_.scenario.stack;
  for (const auto* service : stack.start_order()) {
    for (int host = 1; host <= stack.hosts; ++host) {
      const auto name = fmt::format("{}@{}", service->name, host);
      const auto directory = places_.workspace / "instances" / name;
      fs::create_directories(directory);
      auto instance = std::make_unique<stack::Instance>(
          executor_, stack::Instance::Setup{stack, *service, host, addresses_.instance(service->name, host), directory,
                                            places_.bundle / "logs" / (name + ".log"),
                                            [this, service, host](std::string_view key) {
                                              return place_of_need(service->name, host, key);
                                            },
                                            clock_, watch_, *this});
      instance->write_config(stack.initial_release);
      good_hashes_[instance->name()] = instance->config_hash();
      by_place_[{service->name, host}] = instance.get();
      instances_.push_back(std::move(instance));
    }
  }
}

asio::awaitable<std::unique_ptr<process::Process>> StackRuntime::spawn_server(const Dependency& dependency,
                                                                              const std::vector<std::string>& command) {
  const auto directory = places_.workspace / "dependencies" / dependency.name;
  fs::create_directories(directory);
  const auto place = addresses_.server(dependency.name);
  const scenario::Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "address")
      return place.address;
    if (name == "port")
      return std::to_string(place.port);
    if (name == "dir")
      return directory.string();
    return std::nullopt;
  };
  process::ProcessSpec spec;
  for (const auto& word : command)
    spec.command.push_back(scenario::substitute(word, lookup));
  for (const auto* name : {"PATH", "HOME", "LANG"})
    if (const char* value = std::getenv(name))
      spec.environment[name] = value;
  spec.directory = directory;
  spec.shim = process::find_shim();
  auto log = std::make_shared<std::ofstream>(places_.bundle / "logs" / (dependency.name + ".log"), std::ios::app);
  auto spawned =
      co_await process::Process::spawn(executor_, std::move(spec), [log](process::Stream, std::string_view line) {
        *log << line << "\n" << std::flush;
      });
  if (!spawned)
    throw StackError(fmt::format("dependency '{}': {}", dependency.name, spawned.error()));
  co_return std::move(*spawned);
}

asio::awaitable<void> StackRuntime::start_server(const Dependency& dependency) {
  if (!dependency.prepare.empty()) {
    auto prepare = co_await spawn_server(dependency, dependency.prepare);
    if (!co_await async::until(clock_, clock_.now() + std::chrono::seconds{60}, prepare->gone()) ||
        prepare->status()->exit_code() != 0)
      throw StackError(fmt::format("dependency '{}': preparing it failed; see logs/{}.log in the bundle",
                                   dependency.name, dependency.name));
  }
  servers_.push_back({co_await spawn_server(dependency, dependency.command), nullptr});
  auto& server = *servers_.back().process;
  const stack::ProbeTarget target{addresses_.server(dependency.name),
                                  places_.workspace / "dependencies" / dependency.name,
                                  [](std::string_view) { return true; }};
  const auto deadline = clock_.now() + dependency.ready.within;
  for (;;) {
    const auto answer = co_await stack::probe_once(clock_, dependency.ready, target);
    if (answer.ready)
      co_return;
    if (server.is_gone())
      throw StackError(
          fmt::format("dependency '{}' ended ({}) before it was ready", dependency.name, server.status()->describe()));
    if (clock_.now() > deadline)
      throw StackError(fmt::format("dependency '{}' was not ready within {}: {}", dependency.name,
                                   scenario::format_duration(dependency.ready.within), answer.detail));
    (void)co_await async::until(clock_, clock_.now() + dependency.ready.every, server.gone());
  }
}

asio::awaitable<void> StackRuntime::start_instance(stack::Instance& instance) {
  const auto& place = instance.place();
  for (const auto& taken : stack::listening_on(place.port))
    if (taken.address == place.address || taken.is_wildcard()) {
      const bool ours = std::any_of(instances_.begin(), instances_.end(), [&](const auto& one) {
        return one->is_running() && stack::tree_holds_socket(one->shim_pid(), taken.inode);
      });
      if (ours)
        throw StackError(fmt::format("{} cannot listen on {}: another instance listens on {}:{}. A service on several "
                                     "hosts must bind to the {{address}} that it is given",
                                     instance.name(), place.text(), taken.address, taken.port));
      throw EnvironmentError(fmt::format("port {} is in use: another process listens on {}:{}, so {} cannot have {}",
                                         taken.port, taken.address, taken.port, instance.name(), place.text()));
    }
  const auto started = co_await instance.start();
  if (started.how == stack::Started::How::ready) {
    if (!instance.misplaced().empty()) {
      warnings_.push_back(instance.misplaced());
      recorder_.event("warning", {{"instance", instance.name()}, {"text", instance.misplaced()}});
    }
    co_return;
  }
  std::string message;
  if (started.how == stack::Started::How::failed)
    message = fmt::format("{} cannot be started: {}", instance.name(), started.detail);
  else if (started.how == stack::Started::How::exited)
    message = fmt::format("{} ended ({}) before it was ready", instance.name(), started.detail);
  else
    message = fmt::format("{} is {}", instance.name(), started.detail);
  if (!instance.misplaced().empty())
    message += "\n  " + instance.misplaced();
  const auto lines = instance.last_lines();
  if (!lines.empty())
    message += "\n  its last lines:";
  for (std::size_t i = lines.size() > 5 ? lines.size() - 5 : 0; i < lines.size(); ++i)
    message += "\n    " + lines[i];
  throw StackError(message);
}

asio::awaitable<void> StackRuntime::up() {
  for (const auto& dependency : plan_.scenario.stack.dependencies)
    if (dependency.provider == Dependency::Provider::server)
      co_await start_server(dependency);
  make_links();
  make_instances();
  for (const auto& instance : instances_)
    co_await start_instance(*instance);
}

asio::awaitable<void> StackRuntime::down(std::function<asio::awaitable<void>()> settle) {
  stop_watching();
  for (const auto& instance : instances_)
    instance->close(); // no step brings one up behind our back
  for (auto instance = instances_.rbegin(); instance != instances_.rend(); ++instance)
    co_await (*instance)->kill();
  co_await settle();
  for (const auto& server : servers_) {
    server.process->kill();
    co_await server.process->gone();
  }
  links_.clear();
}

asio::awaitable<void> StackRuntime::watch(stack::Instance& instance) {
  // At least three looks within the grace period of a lie.
  const auto often =
      std::min<async::Duration>(instance.service().ready.every * 10, plan_.scenario.judge.lying_grace / 3);
  const auto every = std::max<async::Duration>(often, watch_least);
  while (watching_) {
    if (!instance.is_starting())
      (void)co_await instance.probe();
    if (watching_)
      (void)co_await async::until(clock_, clock_.now() + every, stop_.wait());
  }
}

void StackRuntime::stop_watching() {
  watching_ = false;
  stop_.notify();
}

std::vector<stack::Instance*> StackRuntime::instances() const {
  std::vector<stack::Instance*> all;
  for (const auto& instance : instances_)
    all.push_back(instance.get());
  return all;
}

stack::Instance* StackRuntime::instance(const std::string& name) const {
  for (const auto& instance : instances_)
    if (instance->name() == name)
      return instance.get();
  return nullptr;
}

std::vector<stack::Instance*> StackRuntime::select(const scenario::InstanceSelection& selection,
                                                   const std::string& that) const {
  std::set<int> hosts(selection.hosts.begin(), selection.hosts.end());
  if (hosts.empty() && selection.host_count > 0) {
    const auto order = workload::host_order(plan_.scenario.stack.hosts, plan_.seed);
    hosts.insert(order.begin(), order.begin() + selection.host_count);
  }
  std::vector<stack::Instance*> chosen;
  for (const auto& instance : instances_) {
    const auto& services = selection.services;
    if (selection.that && instance->name() != that)
      continue;
    if (!services.empty() && std::find(services.begin(), services.end(), instance->service().name) == services.end())
      continue;
    if (!hosts.empty() && !hosts.contains(instance->host()))
      continue;
    chosen.push_back(instance.get());
  }
  return chosen;
}

link::Link* StackRuntime::link(const std::string& name) const {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : found->second.get();
}

bool StackRuntime::is_known_good() const {
  const auto& good = plan_.scenario.stack.initial_release;
  return std::all_of(instances_.begin(), instances_.end(), [&](const auto& one) {
    return one->code_release() == good && one->config_hash() == good_hashes_.at(one->name()) &&
           !one->has_pending_change();
  });
}

std::optional<workload::Route> StackRuntime::route(const std::string& service, int host, const std::string& failed) {
  const auto hosts = plan_.scenario.stack.hosts;
  const auto to = [&](stack::Instance& instance) {
    const auto through = links_.find(service);
    const auto place = through == links_.end() ? instance.place() : addresses_.users(service, instance.host());
    return workload::Route{instance.name(), place.address, place.port};
  };
  auto& own = *by_place_.at({service, host});
  if (plan_.scenario.workload.routing == scenario::Routing::pinned)
    return to(own);
  stack::Instance* only_failed = nullptr;
  for (int i = 0; i < hosts; ++i) {
    auto& instance = *by_place_.at({service, (host - 1 + i) % hosts + 1});
    if (!instance.is_ready())
      continue;
    if (instance.name() != failed)
      return to(instance);
    only_failed = &instance;
  }
  return only_failed != nullptr ? std::optional(to(*only_failed)) : std::nullopt;
}

} // namespace holdfast::run
