#include "harness/stack/instance.hpp"

#include "harness/async/deadline.hpp"
#include "harness/stack/listening.hpp"

#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <fmt/format.h>
#include <stdexcept>

namespace holdfast::stack {

namespace {

constexpr std::size_t kept_lines = 20;

std::map<std::string, std::string> inherited_environment() {
  std::map<std::string, std::string> environment;
  for (const auto* name : {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "ASAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name))
      environment[name] = value;
  return environment;
}

std::string program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

} // namespace

Instance::Instance(asio::any_io_executor executor, Setup setup)
    : executor_(std::move(executor)), setup_(std::move(setup)),
      name_(fmt::format("{}@{}", setup_.service.name, setup_.host)), log_(setup_.log, std::ios::app),
      code_release_(setup_.stack.initial_release) {
  const auto outer = setup_.placeholders;
  setup_.placeholders = [this, outer](std::string_view name) -> std::optional<std::string> {
    if (name == "dir")
      return setup_.directory.string();
    if (name == "host")
      return std::to_string(setup_.host);
    if (name == "address")
      return setup_.place.address;
    if (name == "port")
      return std::to_string(setup_.place.port);
    if (name == "release")
      return code_release_;
    if (name == "bin")
      return program_directory();
    if (name == "stack")
      return std::filesystem::absolute(setup_.stack.file).parent_path().string();
    if (name == "config")
      return code().config ? (setup_.directory / code().config->name).string() : std::string{};
    return outer(name);
  };
  setup_.watch.add(setup_.directory);
}

const scenario::ServiceRelease& Instance::code() const {
  return setup_.stack.release(code_release_)->services.at(setup_.service.name);
}

void Instance::store_config(std::string text) {
  const auto& config = *setup_.stack.release(config_release_)->services.at(setup_.service.name).config;
  const auto path = setup_.directory / config.name;
  const auto fresh = setup_.directory / ("." + config.name + ".new");
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file)
      throw std::runtime_error(fmt::format("cannot write the configuration {}", fresh.string()));
  }
  std::filesystem::rename(fresh, path); // a reader sees the old file or the new one, never half of it
  config_text_ = std::move(text);
  config_hash_ = stack::config_hash(config_text_);
  setup_.observer.config(name_, config.name, config_hash_, config_release_, config_text_);
}

void Instance::write_config(const std::string& release) {
  config_release_ = release;
  const auto& config = setup_.stack.release(release)->services.at(setup_.service.name).config;
  if (config)
    store_config(scenario::substitute(config->text, setup_.placeholders));
}

boost::system::result<void, ConfigError> Instance::edit_config_file(const ConfigEdit& edit) {
  const auto& config = setup_.stack.release(config_release_)->services.at(setup_.service.name).config;
  if (!config)
    return ConfigError{fmt::format("service '{}' has no configuration file", setup_.service.name)};
  auto edited = stack::edit_config(config->format, config_text_, edit);
  if (!edited)
    return edited.error();
  store_config(std::move(*edited));
  return {};
}

void Instance::log_line(process::Stream stream, std::string_view line) {
  const auto now = setup_.clock.now().count() / 1000;
  log_ << fmt::format("{:>6}.{:06} {} {}\n", now / 1'000'000, now % 1'000'000,
                      stream == process::Stream::out ? "out" : "err", line);
  log_.flush();
  if (last_lines_.size() == kept_lines)
    last_lines_.pop_front();
  last_lines_.emplace_back(line.substr(0, 500));
  if (setup_.service.ready.kind == scenario::Probe::Kind::log &&
      line.find(setup_.service.ready.path) != std::string_view::npos)
    log_probe_seen_ = true;
}

ProbeTarget Instance::probe_target() {
  return {setup_.place, setup_.directory, [this](std::string_view) { return log_probe_seen_; }};
}

asio::awaitable<Started> Instance::start() {
  if (is_running())
    co_await kill();
  if (closed_)
    co_return Started{Started::How::failed, "the run is over"};
  stopping_since_.reset();
  last_lines_.clear();
  log_probe_seen_ = ready_ = inspected_ = false;
  misplaced_.clear();
  process::ProcessSpec spec;
  for (const auto& word : code().command)
    spec.command.push_back(scenario::substitute(word, setup_.placeholders));
  spec.environment = inherited_environment();
  for (const auto& [key, value] : code().environment)
    spec.environment[key] = scenario::substitute(value, setup_.placeholders);
  spec.directory = setup_.directory;
  spec.shim = process::find_shim();
  const auto config_file = code().config ? setup_.directory / code().config->name : std::filesystem::path{};
  const auto opened_before = config_file.empty() ? 0 : setup_.watch.opens(config_file);

  auto spawned = co_await process::Process::spawn(
      executor_, std::move(spec), [this](process::Stream stream, std::string_view line) { log_line(stream, line); });
  if (!spawned) {
    setup_.observer.process(name_, "spawn-failed", spawned.error());
    co_return Started{Started::How::failed, spawned.error(), false, 0, 0};
  }
  process_ = std::move(*spawned);
  if (closed_) {
    co_await kill();
    co_return Started{Started::How::failed, "the run is over"};
  }
  const int pid = process_->first_pid();
  const auto started_at = start_time(pid);
  running_code_ = code_release_;
  running_hash_ = config_hash_;
  setup_.observer.process(name_, "spawned", fmt::format("pid {} release {}", pid, code_release_));
  starting_ = true;
  auto started = co_await await_ready();
  starting_ = false;
  started.pid = pid;
  started.start_time = started_at;
  started.config_read = config_file.empty() || setup_.watch.opens(config_file) > opened_before;
  co_return started;
}

asio::awaitable<Started> Instance::await_ready() {
  const auto& ready = setup_.service.ready;
  const auto begin = setup_.clock.now();
  const auto deadline = begin + ready.within;
  for (;;) {
    if (co_await probe()) {
      setup_.observer.process(
          name_, "ready",
          fmt::format("after {:.1f} ms", static_cast<double>((setup_.clock.now() - begin).count()) / 1e6));
      co_return Started{Started::How::ready, {}};
    }
    if (process_->is_gone()) {
      const auto status = process_->status() ? process_->status()->describe() : "no status";
      co_return Started{Started::How::exited, status};
    }
    if (setup_.clock.now() >= deadline) {
      setup_.observer.process(name_, "not-ready", fmt::format("within {} ms", ready.within.count() / 1'000'000));
      co_return Started{Started::How::timed_out, fmt::format("not ready within {} ms; the last probe was answered: {}",
                                                             ready.within.count() / 1'000'000, last_answer_)};
    }
    // The next look, unless the process ends before it is due.
    (void)co_await async::until(setup_.clock, setup_.clock.now() + ready.every, process_->gone());
  }
}

asio::awaitable<bool> Instance::probe(async::HttpConnection* kept) {
  if (!is_running()) {
    ready_ = false;
    co_return false;
  }
  auto answer = co_await probe_once(setup_.clock, setup_.service.ready, probe_target(), kept);
  // Only the new process may answer for itself: who holds the port is asked once a start.
  if (answer.ready && !inspected_) {
    inspected_ = true;
    inspect_listening();
    if (misplaced_.starts_with("another"))
      inspected_ = answer.ready = false, answer.detail = misplaced_;
  }
  ready_ = answer.ready && is_running();
  last_answer_ = answer.detail;
  setup_.observer.probe(name_, answer);
  co_return ready_;
}

void Instance::inspect_listening() {
  const auto& place = setup_.place;
  misplaced_.clear();
  bool own = false;
  std::string other;
  for (const auto& one : listening_on(place.port)) {
    if (one.address != place.address && !one.is_wildcard())
      continue;
    if (!tree_holds_socket(process_->shim_pid(), one.inode)) {
      other = fmt::format("another process than {} listens on {}:{}", name_, one.address, one.port);
      continue;
    }
    own = true;
    if (one.is_wildcard())
      misplaced_ = fmt::format("{} listens on {}:{} instead of {}: it ignores the address that it is given. "
                               "Instances on other hosts cannot use that port; give the service {{address}} to bind to",
                               name_, one.address, one.port, place.text());
  }
  if (!own && !other.empty())
    misplaced_ = other;
}

void Instance::close() {
  closed_ = true;
  if (process_)
    process_->kill();
}

void Instance::begin_stop() {
  if (!is_running() || stopping_since_)
    return; // a second signal would mean "at once" to many servers
  stopping_since_ = setup_.clock.now();
  setup_.observer.process(name_, "stopping", setup_.service.stop_signal);
  process_->signal(process::signal_number(setup_.service.stop_signal).value_or(SIGTERM));
}

asio::awaitable<bool> Instance::stop() {
  if (!is_running())
    co_return true;
  ready_ = false;
  begin_stop();
  const auto deadline = *stopping_since_ + setup_.service.stop_within;
  const bool ended = co_await async::until(setup_.clock, deadline, process_->ended());
  const auto how = ended && process_->status() ? process_->status()->describe() : "killed at the deadline";
  co_await kill(); // whatever of the tree outlived its first process
  setup_.observer.process(name_, "stopped", how);
  co_return ended;
}

asio::awaitable<void> Instance::kill() {
  if (!process_)
    co_return;
  ready_ = false;
  process_->kill();
  co_await process_->gone();
  setup_.observer.process(name_, "gone", process_->status() ? process_->status()->describe() : "");
}

void Instance::signal(int signal) {
  if (process_)
    process_->signal(signal);
}
void Instance::signal_tree(int signal) {
  if (process_)
    process_->signal_tree(signal);
}

std::vector<std::vector<Instance*>> by_service(const std::vector<Instance*>& instances) {
  std::vector<std::vector<Instance*>> all;
  for (auto* instance : instances) {
    auto group = std::find_if(all.begin(), all.end(),
                              [&](const auto& one) { return one.front()->service().name == instance->service().name; });
    if (group == all.end())
      group = all.insert(all.end(), std::vector<Instance*>{});
    group->push_back(instance);
  }
  return all;
}

} // namespace holdfast::stack
