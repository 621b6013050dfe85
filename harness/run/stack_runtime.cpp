// Up: servers are spawned and external addresses resolved, then come fakes and links, then instances, service by
// service in start order; at last the instances are watched and the router sends users to them. Down is the other way.
// In between, this file records what instances report, and starts those again whose service has a supervisor.
#include "harness/run/stack_runtime.hpp"

#include "harness/async/deadline.hpp"
#include "harness/async/together.hpp"
#include "harness/scenario/instance_id.hpp"
#include "harness/stack/listening.hpp"
#include "harness/stack/server_remains.hpp"
#include "harness/workload/plan.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <pwd.h>
#include <set>
#include <span>
#include <sys/un.h>
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

/// A folder on the way to the folders of units. A server that runs as another user (`run_as`) must be able to pass
/// through it to its own; nobody but us can list what else is in it.
void make_passage(const fs::path& folder) {
  fs::create_directories(folder);
  using fs::perms;
  fs::permissions(folder, perms::owner_all | perms::group_exec | perms::others_exec);
}

/// The folder of a unit: its user's alone. Only root can give it to another user. That user must also be able to enter
/// every folder above it, TMPDIR's included, which is checked here and not left to a message of the server.
void make_folder(const fs::path& folder, const std::string& user) {
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  if (user.empty() || ::geteuid() != 0)
    return;
  const auto* entry = ::getpwnam(user.c_str());
  if (entry == nullptr)
    return; // there is no such user: the spawn fails, and says so
  if (::chown(folder.c_str(), entry->pw_uid, entry->pw_gid) != 0)
    throw EnvironmentError(fmt::format("cannot give {} to the user {}: {}", folder.string(), user,
                                       std::error_code(errno, std::generic_category()).message()));
  for (auto above = folder.parent_path(); above != above.root_path(); above = above.parent_path())
    if ((fs::status(above).permissions() & fs::perms::others_exec) == fs::perms::none)
      throw EnvironmentError(fmt::format("the user {} cannot enter {}: set TMPDIR to a folder that everybody may enter",
                                         user, above.string()));
}

} // namespace

std::vector<std::string> remove_server_remains(const fs::path& workspace) {
  return stack::remove_server_remains(workspace / "dependencies");
}

StackRuntime::StackRuntime(asio::any_io_executor executor, async::Clock& clock, const Plan& plan,
                           const Registry& registry, const Places& places, history::Recorder& recorder)
    : executor_(executor), clock_(clock), plan_(plan), places_(places), recorder_(recorder),
      bodies_(places.bundle, places.secrets), addresses_(plan.scenario.stack, places.lease), stop_(executor),
      failed_(executor), links_({executor, clock, plan, registry, places, recorder, bodies_, addresses_,
                                 [this](std::exception_ptr failure) { fail(std::move(failure)); }}),
      router_(
          executor, clock, plan.scenario, recorder,
          [this](const stack::Instance& instance) { return links_.place_for_users(instance); },
          [this](std::exception_ptr failure) { fail(std::move(failure)); }) {}

StackRuntime::~StackRuntime() = default;

void StackRuntime::process(const history::ProcessEvent& event) {
  recorder_.event(event);
}

void StackRuntime::config(const history::ConfigEvent& event, const std::string& text) {
  recorder_.event(event);
  // The file is named by the hash of its text: a version that several instances have, or that comes back, is kept once.
  const auto path = places_.bundle / "config" / fmt::format("{}-{}", event.hash, event.file);
  if (fs::exists(path))
    return;
  std::ofstream stream(path);
  stream << places_.secrets.mask(text);
  stream.flush();
  if (!stream)
    throw history::WriteError(fmt::format("cannot write {}", path.string()));
}

void StackRuntime::probe(const std::string& instance, const stack::ProbeAnswer& answer) {
  recorder_.probe(instance, answer.ready, answer.detail);
}

std::string StackRuntime::masked(std::string_view line) {
  return places_.secrets.mask(line);
}

void StackRuntime::fail(std::exception_ptr failure) {
  // The first failure is the cause; what fails after it often fails because of it.
  if (!failure_)
    failure_ = std::move(failure);
  failed_.notify();
}

void StackRuntime::lost(stack::Instance& instance, const std::string& why) {
  fail(std::make_exception_ptr(EnvironmentError(fmt::format(
      "the shim of {} is lost ({}), and nothing is known of its processes any more", instance.name(), why))));
}

std::string StackRuntime::shown(const std::string& key, const std::string& value) const {
  // By the key alone: a value that a step sets is in no text in which masking would find it by its name.
  return places_.secrets.is_secret_name(key) ? places_.secrets.mark(value) : value;
}

asio::awaitable<void> StackRuntime::until_failure() {
  while (!failure_)
    co_await failed_.wait();
  std::rethrow_exception(failure_);
}

void StackRuntime::ended_unasked(stack::Instance& instance) {
  const auto* service = plan_.scenario.stack.service(instance.kind());
  if (service != nullptr && service->supervisor && watching_)
    asio::co_spawn(executor_, supervise(instance, *service->supervisor), [this](std::exception_ptr failure) {
      if (failure)
        fail(std::move(failure));
    });
}

/// Starts an instance again that ended by itself, as often and as quickly as the stack file says. It stops as soon as a
/// step has begun on the instance: the step brings it up itself, and two starts would undo each other's work. An
/// instance that runs and is not ready is left as it is: only one that exits again is tried again.
asio::awaitable<void> StackRuntime::supervise(stack::Instance& instance, scenario::Supervisor supervisor) {
  co_await instance.await_gone(); // a launcher may end while what it has started goes on: that is left alone
  for (int tries = 0; tries < supervisor.tries; ++tries) {
    if (tries > 0)
      co_await instance.wait_while_open(supervisor.within / supervisor.tries);
    if (!watching_ || instance.is_closed() || instance.is_running() || is_in_a_step(instance))
      co_return;
    const auto started = co_await instance.start(stack::Instance::By::supervisor);
    if (started.how != stack::Started::How::exited)
      co_return;
  }
}

std::string StackRuntime::socket_of(const Dependency& dependency) const {
  if (dependency.provider != Dependency::Provider::server || dependency.socket.empty())
    return {};
  const auto directory = places_.workspace / "dependencies" / dependency.name;
  auto path = scenario::substitute(dependency.socket, [&](std::string_view name) -> std::optional<std::string> {
    return name == "dir" ? std::optional(directory.string()) : std::nullopt;
  });
  // How long the path is depends on TMPDIR: no check of the stack file alone can find this.
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    throw EnvironmentError(fmt::format("the Unix socket {} of '{}' has a longer path than the {} bytes that the kernel "
                                       "takes: set TMPDIR to a shorter folder",
                                       path, dependency.name, sizeof(sockaddr_un::sun_path) - 1));
  return path;
}

stack::Instance::Setup StackRuntime::setup_of(stack::Unit unit, stack::Place place, const fs::path& directory,
                                              scenario::Lookup lookup) {
  make_folder(directory, unit.run_as);
  const auto log = places_.bundle / "logs" / (unit.name + ".log");
  return {.unit = std::move(unit),
          .stack_folder = fs::absolute(plan_.scenario.stack.file).parent_path(),
          .place = std::move(place),
          .directory = directory,
          .log = log,
          .placeholders = std::move(lookup),
          .surroundings = places_.surroundings,
          .clock = clock_,
          .watch = watch_,
          .observer = *this};
}

void StackRuntime::make_servers() {
  make_passage(places_.workspace / "dependencies");
  for (const auto& dependency : plan_.scenario.stack.dependencies) {
    if (dependency.provider != Dependency::Provider::server)
      continue;
    // A server has no releases: one command for ever. The map keeps it where it is, since the unit holds a reference.
    auto& code = server_code_[dependency.name];
    code.command = dependency.command;
    stack::Unit unit{.name = dependency.name,
                     .kind = dependency.name,
                     .ready = dependency.ready,
                     .stop_signal = dependency.stop_signal,
                     .stop_within = server_stops_within,
                     .run_as = dependency.run_as,
                     .prepare = dependency.prepare,
                     .release = {},
                     .code = [&code](const std::string&) -> const scenario::ServiceRelease& { return code; }};
    // `{password}` is for servers alone; services are given it as `{link.NAME.password}`.
    auto setup = setup_of(std::move(unit), addresses_.server(dependency.name),
                          places_.workspace / "dependencies" / dependency.name,
                          [this](std::string_view name) -> std::optional<std::string> {
                            return name == "password" ? std::optional(links_.password()) : std::nullopt;
                          });
    setup.socket = socket_of(dependency);
    servers_.push_back(std::make_unique<stack::Instance>(executor_, std::move(setup)));
  }
}

void StackRuntime::make_instances() {
  const auto& stack = plan_.scenario.stack;
  make_passage(places_.workspace / "instances");
  for (const auto* service : stack.start_order()) {
    for (int host = 1; host <= stack.hosts; ++host) {
      stack::Unit unit{
          .name = scenario::InstanceId{service->name, host}.text(),
          .kind = service->name,
          .host = host,
          .ready = service->ready,
          .stop_signal = service->stop_signal,
          .stop_within = service->stop_within,
          .run_as = {},
          .prepare = {},
          .release = stack.initial_release,
          .code = [&stack, name = service->name](const std::string& release) -> const scenario::ServiceRelease& {
            return stack.release(release)->services.at(name);
          }};
      const auto directory = places_.workspace / "instances" / unit.name;
      auto instance = std::make_unique<stack::Instance>(
          executor_, setup_of(std::move(unit), addresses_.instance(service->name, host), directory,
                              [this, service, host](std::string_view key) {
                                return links_.place_of_need(service->name, host, key);
                              }));
      instance->write_config(stack.initial_release);
      // `is_known_good` compares with it. Taken now: what stands on disk later may be what a step has written.
      good_hashes_[instance->name()] = instance->config_hash();
      instances_.push_back(std::move(instance));
    }
  }
}

asio::awaitable<void> StackRuntime::start_server(stack::Instance& server) {
  if (const auto problem = co_await server.prepare())
    throw StackError(fmt::format("dependency '{0}': {1}; see logs/{0}.log in the bundle", server.name(), *problem));
  const auto started = co_await server.start();
  using How = stack::Started::How;
  const auto last = started.last_line.empty() ? std::string{} : "; its last line: " + started.last_line;
  if (started.how == How::failed)
    throw StackError(fmt::format("dependency '{}': {}", server.name(), started.detail));
  if (started.how == How::exited)
    throw StackError(
        fmt::format("dependency '{}' ended ({}) before it was ready{}", server.name(), started.detail, last));
  if (started.how == How::timed_out)
    throw StackError(fmt::format("dependency '{}' was {}{}", server.name(), started.detail, last));
}

asio::awaitable<void> StackRuntime::start_instance(stack::Instance& instance) {
  // Before the start, not after it: whoever listens on the port now is certainly not this instance. A wildcard listener
  // takes the port on every address. When that is another instance of ours, the service ignores the address that it is
  // given, which its user can mend; a foreign process is a matter of this machine.
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
    // A service that binds to the wildcard on a single host works, and cannot work on two: a warning, not an error.
    if (!instance.misplaced().empty()) {
      warnings_.push_back(instance.misplaced());
      recorder_.event(history::WarningEvent{instance.name(), instance.misplaced()});
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
  make_servers();
  // All at the same time: dependencies do not need each other. `together` waits for all before it throws, so that the
  // failure of one leaves no start of another behind.
  std::vector<asio::awaitable<void>> dependencies;
  for (const auto& server : servers_)
    dependencies.push_back(start_server(*server));
  for (const auto& dependency : plan_.scenario.stack.dependencies)
    if (dependency.provider == Dependency::Provider::external)
      dependencies.push_back(links_.find_external(dependency));
  co_await async::together(std::move(dependencies));
  // Links before instances: a configuration names the endpoints of links, and a service may connect while it starts.
  // After servers and external addresses: the links lead there.
  links_.make([this](const Dependency& dependency) { return socket_of(dependency); });
  make_instances();
  for (const auto& service : stack::by_kind(instances())) {
    co_await start_instance(*service.front()); // alone: once it listens, the next start sees at which address
    co_await async::together(std::span(service).subspan(1), [this](auto* one) { return start_instance(*one); });
  }
  for (auto* instance : instances())
    // Only when all are up: an instance that was never started would be recorded as not ready.
    asio::co_spawn(executor_, watch(*instance), [this](std::exception_ptr failure) {
      if (failure)
        fail(std::move(failure));
    });
  router_.start(instances());
}

asio::awaitable<void> StackRuntime::down(std::function<asio::awaitable<void>()> settle) {
  watching_ = false;
  stop_.notify();
  router_.stop();
  for (const auto& server : servers_)
    server->expect_end(); // one may end when its last client does
  for (const auto& instance : instances_)
    instance->close(); // no step brings one up behind our back
  // `close` has sent SIGKILL to all of them; here each process tree is awaited to its end.
  for (auto instance = instances_.rbegin(); instance != instances_.rend(); ++instance)
    co_await (*instance)->kill();
  // A step at work holds references to instances and links, and its coroutine ends only now that its processes are
  // gone.
  co_await settle();
  for (const auto& server : servers_)
    // A graceful end: a killed PostgreSQL leaves a shared memory segment behind that outlives its processes.
    (void)co_await server->stop();
  for (const auto& server : servers_) { // one that was just being prepared or started: it starts no more
    server->close();
    co_await server->kill();
  }
  links_.close();
  bodies_.write();
}

/// Probes an instance again and again until the stack goes down, also while the instance is down: the readiness check
/// compares what the instance said of itself with how users fared. While it starts, its start probes it.
asio::awaitable<void> StackRuntime::watch(stack::Instance& instance) {
  // On large stacks seldom enough to be cheap, but with at least three looks in `lying_grace`: a lie is an instance
  // that still says that it is ready when users have had no service for that long, and looks are how it is found.
  const auto seldom =
      std::max<async::Duration>(instance.unit().ready.every * 10, watch_between * static_cast<int>(instances_.size()));
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
  // A number of hosts means the first ones in an order that the seed gives: the same in every step of the run, so that
  // a fault and the change that restores what it struck mean the same hosts.
  if (hosts.empty() && selection.host_count > 0) {
    const auto order = workload::host_order(plan_.scenario.stack.hosts, plan_.seed);
    hosts.insert(order.begin(), order.begin() + selection.host_count);
  }
  std::vector<stack::Instance*> chosen;
  for (const auto& instance : instances_) {
    const auto& services = selection.services;
    if (selection.that && instance->name() != that)
      continue;
    if (!services.empty() && std::find(services.begin(), services.end(), instance->kind()) == services.end())
      continue;
    if (!hosts.empty() && !hosts.contains(instance->host()))
      continue;
    chosen.push_back(instance.get());
  }
  return chosen;
}

bool StackRuntime::is_known_good() const {
  const auto& good = plan_.scenario.stack.initial_release;
  return std::all_of(instances_.begin(), instances_.end(), [&](const auto& one) {
    // All three: the code may be the old one and the file edited; both may be back, and the process still be one that
    // was started with something else.
    return one->code_release() == good && one->config_hash() == good_hashes_.at(one->name()) &&
           !one->has_pending_change();
  });
}

} // namespace holdfast::run
