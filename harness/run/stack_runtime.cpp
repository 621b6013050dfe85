#include "harness/run/stack_runtime.hpp"

#include "harness/async/deadline.hpp"
#include "harness/async/together.hpp"
#include "harness/history/secrets.hpp"
#include "harness/stack/listening.hpp"
#include "harness/stack/resolve.hpp"
#include "harness/stack/server_remains.hpp"
#include "harness/workload/plan.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <pwd.h>
#include <set>
#include <span>
#include <unistd.h>

namespace holdfast::run {

namespace fs = std::filesystem;
using scenario::Dependency;

namespace {

constexpr auto server_stops_within = std::chrono::seconds{2}; ///< its clients are gone already
constexpr auto watch_least = std::chrono::milliseconds{20};   ///< between two looks at a running instance
/// A look costs harness, service and the service's stores about 0.2 ms together: at 100 looks a second, however many
/// instances there are, all looking stays at 2 % of one core.
constexpr auto watch_between = std::chrono::milliseconds{10};

/// The folder of a server that runs as somebody else: theirs, and reachable through the workspace.
void give_to(const std::string& user, const fs::path& directory) {
  const auto* entry = ::getpwnam(user.c_str());
  if (entry == nullptr)
    return; // the spawn says so
  if (::chown(directory.c_str(), entry->pw_uid, entry->pw_gid) != 0)
    throw EnvironmentError(fmt::format("cannot give {} to the user {}: {}", directory.string(), user,
                                       std::error_code(errno, std::generic_category()).message()));
  for (const auto& folder : {directory.parent_path(), directory.parent_path().parent_path()})
    fs::permissions(folder, fs::perms::others_exec, fs::perm_options::add);
  for (auto folder = directory.parent_path(); folder != folder.root_path(); folder = folder.parent_path())
    if ((fs::status(folder).permissions() & fs::perms::others_exec) == fs::perms::none)
      throw EnvironmentError(fmt::format("the user {} cannot enter {}: set TMPDIR to a folder that everybody may enter",
                                         user, folder.string()));
}

} // namespace

std::vector<std::string> remove_server_remains(const fs::path& workspace) {
  return stack::remove_server_remains(workspace / "dependencies");
}

StackRuntime::StackRuntime(asio::any_io_executor executor, async::Clock& clock, const Plan& plan,
                           const Registry& registry, const Places& places, history::Recorder& recorder)
    : executor_(executor), clock_(clock), plan_(plan), registry_(registry), places_(places), recorder_(recorder),
      bodies_(places.bundle), addresses_(plan.scenario.stack, places.lease), stop_(executor) {}

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
  stream << history::mask_secrets(text);
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

void StackRuntime::make_link(const std::string& name, const std::string& protocol, const std::vector<Way>& ways) {
  // Only a link that somebody may hold messages on is framed: the others pass bytes.
  const auto framed = is_named(name) ? link::Framing::framed : link::Framing::opaque;
  link::Link::OnMessage record;
  if (framed == link::Framing::framed)
    record = [this, name](const link::Message& message) {
      const auto& unit = message.unit;
      const bool request = unit.kind == protocol::Unit::Kind::request;
      using Kind = history::WireMessage::Kind;
      const history::WireMessage header{.time = recorder_.now(),
                                        .kind = request ? Kind::request : Kind::reply,
                                        .link = name,
                                        .peer = message.peer,
                                        .connection = message.connection,
                                        .exchange = unit.exchange,
                                        .operations = unit.request.operations,
                                        .keys = unit.request.keys,
                                        .size = unit.bytes.size(),
                                        .answered = unit.answered};
      bodies_.add(header, recorder_.message(header), unit.bytes);
    };
  auto link =
      std::make_unique<link::Link>(executor_, clock_, link::Link::Setup{name, protocol, framed, std::move(record)});
  for (const auto& way : ways)
    if (auto opened = link->listen(way.from, way.to); !opened)
      throw EnvironmentError(opened.error());
  links_[name] = std::move(link);
}

void StackRuntime::make_links_of(const Dependency& dependency) {
  const auto& stack = plan_.scenario.stack;
  std::shared_ptr<link::Upstream> upstream;
  if (dependency.provider == Dependency::Provider::fake) {
    const auto directory = places_.workspace / "dependencies" / dependency.name;
    fs::create_directories(directory);
    const auto booked = [this, name = dependency.name](const std::map<std::string, std::string>& entry) {
      history::Values fields;
      for (const auto& [key, value] : entry)
        fields.set(key, value);
      fields.set("dependency", name);
      recorder_.event("booked", fields);
    };
    auto& fake = fakes_[dependency.name] =
        registry_.fakes.at(dependency.protocol)({executor_, clock_, dependency, directory, booked});
    upstream = link::make_fake_upstream(executor_, *fake);
  } else {
    const auto place = dependency.provider == Dependency::Provider::server ? addresses_.server(dependency.name)
                                                                           : externals_.at(dependency.name);
    upstream = link::make_tcp_upstream(executor_, place.address, place.port);
  }
  std::vector<Way> ways;
  for (const auto& service : stack.services) {
    if (std::find(service.needs.begin(), service.needs.end(), dependency.name) == service.needs.end())
      continue;
    for (int host = 1; host <= stack.hosts; ++host) {
      const auto place = addresses_.link(service.name, host, dependency.name);
      ways.push_back({{fmt::format("{}@{}", service.name, host), place.address, place.port}, upstream});
    }
  }
  make_link(dependency.name, dependency.protocol, ways);
}

/// From users to a service and from one service to another: on every host a way of its own, since calls stay on a host.
/// They exist only where a step names them.
void StackRuntime::make_links_of(const scenario::Service& service) {
  const auto& stack = plan_.scenario.stack;
  const auto make = [&](const std::string& name, const std::string& peer, const std::string& to, auto place_on) {
    if (!is_named(name))
      return;
    std::vector<Way> ways;
    for (int host = 1; host <= stack.hosts; ++host) {
      const stack::Place place = place_on(host), behind = addresses_.instance(to, host);
      ways.push_back({{fmt::format("{}@{}", peer, host), place.address, place.port},
                      link::make_tcp_upstream(executor_, behind.address, behind.port)});
    }
    make_link(name, "http", ways);
  };
  make(service.name, "users", service.name, [&](int host) { return addresses_.users(service.name, host); });
  for (const auto& need : service.needs)
    if (stack.service(need) != nullptr)
      make(service.name + ">" + need, service.name, need,
           [&](int host) { return addresses_.link(service.name, host, need); });
}

void StackRuntime::make_links() {
  for (const auto& dependency : plan_.scenario.stack.dependencies)
    make_links_of(dependency);
  for (const auto& service : plan_.scenario.stack.services)
    make_links_of(service);
}

link::Peers StackRuntime::peers(const link::Link& link, const scenario::InstanceSelection& selection,
                                const std::vector<stack::Instance*>& instances) const {
  if (selection.services.empty() && selection.hosts.empty() && selection.host_count == 0 && !selection.that)
    return {};
  const bool of_users = plan_.scenario.stack.service(link.name()) != nullptr;
  link::Peers peers;
  for (const auto* instance : instances)
    if (!of_users)
      peers.push_back(instance->name());
    else if (instance->service().name == link.name())
      peers.push_back(fmt::format("users@{}", instance->host()));
  return peers;
}

std::string StackRuntime::instance_at(const link::Link& link, const std::string& peer) const {
  const bool of_users = plan_.scenario.stack.service(link.name()) != nullptr;
  return of_users ? link.name() + peer.substr(peer.rfind('@')) : peer;
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

asio::awaitable<StackRuntime::Server> StackRuntime::spawn_server(const Dependency& dependency,
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
  spec.run_as = dependency.run_as;
  if (!spec.run_as.empty() && ::geteuid() == 0)
    give_to(spec.run_as, directory);
  auto log = std::make_shared<std::ofstream>(places_.bundle / "logs" / (dependency.name + ".log"), std::ios::app);
  auto logged = std::make_shared<bool>(false);
  auto spawned = co_await process::Process::spawn(
      executor_, std::move(spec),
      [this, log, logged, text = dependency.ready.path](process::Stream stream, std::string_view line) {
        const auto now = clock_.now().count() / 1000; // as instances' lines are written
        *log << fmt::format("{:>6}.{:06} {} {}\n", now / 1'000'000, now % 1'000'000,
                            stream == process::Stream::out ? "out" : "err", line)
             << std::flush;
        *logged = *logged || line.find(text) != std::string_view::npos;
      });
  if (!spawned)
    throw StackError(fmt::format("dependency '{}': {}", dependency.name, spawned.error()));
  co_return Server{std::move(*spawned), process::signal_number(dependency.stop_signal).value_or(SIGTERM), logged};
}

asio::awaitable<void> StackRuntime::start_server(const Dependency& dependency) {
  if (!dependency.prepare.empty()) {
    auto prepare = co_await spawn_server(dependency, dependency.prepare);
    if (!co_await async::until(clock_, clock_.now() + std::chrono::seconds{60}, prepare.process->gone()) ||
        prepare.process->status()->exit_code() != 0)
      throw StackError(fmt::format("dependency '{}': preparing it failed; see logs/{}.log in the bundle",
                                   dependency.name, dependency.name));
  }
  auto spawned = co_await spawn_server(dependency, dependency.command);
  auto& server = *spawned.process;
  const stack::ProbeTarget target{addresses_.server(dependency.name),
                                  places_.workspace / "dependencies" / dependency.name,
                                  [logged = spawned.logged](std::string_view) { return *logged; }};
  servers_.push_back(std::move(spawned)); // from here on it is stopped whatever happens
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

asio::awaitable<void> StackRuntime::find_external(const Dependency& dependency) {
  const auto place = co_await stack::resolve(executor_, scenario::parse_address(dependency.address).value());
  if (!place)
    throw StackError(fmt::format("dependency '{}': {}", dependency.name, place.error().message));
  externals_[dependency.name] = *place;
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
  std::vector<asio::awaitable<void>> dependencies;
  for (const auto& dependency : plan_.scenario.stack.dependencies)
    if (dependency.provider == Dependency::Provider::server)
      dependencies.push_back(start_server(dependency));
    else if (dependency.provider == Dependency::Provider::external)
      dependencies.push_back(find_external(dependency));
  co_await async::together(std::move(dependencies));
  make_links();
  make_instances();
  for (const auto& service : stack::by_service(instances())) {
    co_await start_instance(*service.front()); // alone: does it keep to its address?
    co_await async::together(std::span(service).subspan(1), [this](auto* one) { return start_instance(*one); });
  }
}

asio::awaitable<void> StackRuntime::down(std::function<asio::awaitable<void>()> settle) {
  stop_watching();
  for (const auto& instance : instances_)
    instance->close(); // no step brings one up behind our back
  for (auto instance = instances_.rbegin(); instance != instances_.rend(); ++instance)
    co_await (*instance)->kill();
  co_await settle();
  for (const auto& server : servers_) {
    server.process->signal(server.stop_signal);
    (void)co_await async::until(clock_, clock_.now() + server_stops_within, server.process->gone());
    server.process->kill();
    co_await server.process->gone();
  }
  links_.clear();
  bodies_.write();
}

asio::awaitable<void> StackRuntime::watch(stack::Instance& instance) {
  // On large stacks seldom enough to be cheap, but always at least three looks within the grace period of a lie.
  const auto seldom = std::max<async::Duration>(instance.service().ready.every * 10,
                                                watch_between * static_cast<int>(instances_.size()));
  const auto every =
      std::max<async::Duration>(std::min<async::Duration>(seldom, plan_.scenario.judge.lying_grace / 3), watch_least);
  async::HttpConnection kept(executor_, instance.place().address, instance.place().port);
  while (watching_) {
    if (!instance.is_starting())
      (void)co_await instance.probe(&kept);
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
