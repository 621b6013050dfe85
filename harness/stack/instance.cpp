#include "harness/stack/instance.hpp"

#include "harness/async/deadline.hpp"
#include "harness/stack/listening.hpp"
#include "harness/text/duration.hpp"
#include "harness/text/escape.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>

namespace holdfast::stack {

using history::ProcessEvent;
using State = ProcessEvent::State;

namespace {

constexpr std::size_t kept_lines = 20;
constexpr std::size_t longest_line = 500;
constexpr auto prepared_within = std::chrono::seconds{60};

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
    : executor_(std::move(executor)), setup_(std::move(setup)), changed_(executor_), log_(setup_.log),
      code_release_(setup_.unit.release) {
  const auto outer = setup_.placeholders;
  setup_.placeholders = [this, outer](std::string_view name) -> std::optional<std::string> {
    if (name == "dir")
      return setup_.directory.string();
    if (name == "host")
      return std::to_string(setup_.unit.host);
    if (name == "address")
      return setup_.place.address;
    if (name == "port")
      return std::to_string(setup_.place.port);
    if (name == "release")
      return code_release_;
    if (name == "bin")
      return program_directory();
    if (name == "stack")
      return setup_.stack_folder.string();
    if (name == "config")
      return code().config ? (setup_.directory / code().config->name).string() : std::string{};
    return outer(name);
  };
  setup_.watch.add(setup_.directory);
}

void Instance::tell(ProcessEvent event) {
  event.instance = name();
  setup_.observer.process(event);
}

void Instance::store_config(std::string text) {
  const auto& config = *setup_.unit.code(config_release_).config;
  const auto path = setup_.directory / config.name;
  const auto fresh = setup_.directory / ("." + config.name + ".new");
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file)
      throw std::runtime_error(fmt::format("cannot write the configuration {}", fresh.string()));
  }
  // The harness's own files are its user's alone; this one is read by the service's.
  std::filesystem::permissions(fresh, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write |
                                          std::filesystem::perms::group_read | std::filesystem::perms::others_read);
  std::filesystem::rename(fresh, path); // a reader sees the old file or the new one, never half of it
  config_text_ = std::move(text);
  config_hash_ = config::hash(config_text_);
  setup_.observer.config({name(), config.name, config_hash_, config_release_}, config_text_);
}

void Instance::write_config(const std::string& release) {
  config_release_ = release;
  const auto& config = setup_.unit.code(release).config;
  if (config)
    store_config(scenario::substitute(config->text, setup_.placeholders));
}

void Instance::replace_config(const std::string& text_with_placeholders) {
  store_config(scenario::substitute(text_with_placeholders, setup_.placeholders));
}

boost::system::result<config::Edited, config::Error> Instance::edit_config_file(const config::Edit& edit) {
  const auto& config = setup_.unit.code(config_release_).config;
  if (!config)
    return config::Error{fmt::format("'{}' has no configuration file", kind())};
  auto edited = config::edit(config->format, config_text_, edit);
  if (edited && edited->text != config_text_)
    store_config(edited->text);
  return edited;
}

void Instance::log_line(process::Stream stream, std::string_view line) {
  const auto now = setup_.clock.now().count() / 1000;
  const auto masked = setup_.observer.masked(line);
  log_.append(fmt::format("{:>6}.{:06} {} {}\n", now / 1'000'000, now % 1'000'000,
                          stream == process::Stream::out ? "out" : "err", masked));
  if (last_lines_.size() == kept_lines)
    last_lines_.pop_front();
  last_lines_.push_back(text::clipped(masked, longest_line));
  if (setup_.unit.ready.kind == scenario::Probe::Kind::log &&
      line.find(setup_.unit.ready.path) != std::string_view::npos)
    log_probe_seen_ = true;
}

ProbeTarget Instance::probe_target() {
  return {setup_.place,        setup_.socket,       setup_.directory,
          setup_.placeholders, setup_.surroundings, [this](std::string_view) { return log_probe_seen_; }};
}

process::ProcessSpec Instance::spec_of(const std::vector<std::string>& command,
                                       const std::map<std::string, std::string>& environment) const {
  process::ProcessSpec spec;
  for (const auto& word : command)
    spec.command.push_back(scenario::substitute(word, setup_.placeholders));
  spec.environment = inherited_environment();
  for (const auto& [key, value] : environment)
    spec.environment[key] = scenario::substitute(value, setup_.placeholders);
  spec.directory = setup_.directory;
  spec.shim = process::find_shim();
  spec.run_as = setup_.unit.run_as;
  spec.surroundings = setup_.surroundings;
  return spec;
}

asio::awaitable<std::optional<std::string>> Instance::prepare() {
  if (setup_.unit.prepare.empty())
    co_return std::nullopt;
  auto spawned = co_await process::Process::spawn(
      executor_, spec_of(setup_.unit.prepare, code().environment),
      [this](process::Stream stream, std::string_view line) { log_line(stream, line); });
  if (!spawned)
    co_return spawned.error();
  std::shared_ptr<process::Process> preparing(std::move(*spawned));
  process_ = preparing; // `close` reaches it
  const bool ended = co_await async::until(setup_.clock, setup_.clock.now() + prepared_within, preparing->gone());
  process_.reset();
  if (closed_)
    co_return "the run is over";
  if (ended && preparing->status()->exit_code() == 0)
    co_return std::nullopt;
  preparing->kill();
  co_await preparing->gone();
  const auto status = *preparing->status();
  tell({.state = State::failed,
        .detail = "preparation",
        .pid = preparing->first_pid(),
        .exit_code = status.exit_code(),
        .signal = status.fatal_signal() ? process::signal_name(*status.fatal_signal()) : std::string{}});
  const auto last = last_lines_.empty() ? std::string{} : "; its last line: " + last_lines_.back();
  co_return ended ? fmt::format("preparing it failed ({}){}", status.describe(), last)
                  : fmt::format("preparing it did not end within {}s{}", prepared_within.count(), last);
}

asio::awaitable<Started> Instance::start(By by) {
  while (starting_) // a supervisor may be at it
    co_await changed_.wait();
  starting_ = true;
  try {
    auto started = co_await start_alone(by);
    starting_ = false;
    changed_.notify();
    co_return started;
  } catch (...) {
    starting_ = spawning_ = false;
    changed_.notify();
    throw;
  }
}

asio::awaitable<Started> Instance::start_alone(By by) {
  if (is_running())
    co_await kill();
  if (closed_)
    co_return Started{Started::How::failed, "the run is over"};
  stopping_since_.reset();
  last_lines_.clear();
  log_probe_seen_ = ready_ = inspected_ = ended_unasked_ = false;
  left_behind_ = 0;
  const auto life = life_ = std::make_shared<Life>();
  misplaced_.clear();
  const auto config_file = code().config ? setup_.directory / code().config->name : std::filesystem::path{};
  const auto opened_before = config_file.empty() ? 0 : setup_.watch.opens(config_file);

  spawning_ = true;
  auto spawned = co_await process::Process::spawn(
      executor_, spec_of(code().command, code().environment),
      [this](process::Stream stream, std::string_view line) { log_line(stream, line); },
      [this, life](int pid, process::WaitStatus status) {
        life->last_pid = pid;
        life->last_status = status;
        if (!life->asked && !closed_)
          tell({.state = State::reaped,
                .pid = pid,
                .exit_code = status.exit_code(),
                .signal = status.fatal_signal() ? process::signal_name(*status.fatal_signal()) : std::string{}});
      });
  spawning_ = false;
  changed_.notify();
  if (!spawned) {
    tell({.state = State::spawn_failed, .detail = spawned.error()});
    co_return Started{Started::How::failed, spawned.error(), false, 0, 0};
  }
  process_ = std::shared_ptr<process::Process>(std::move(*spawned));
  const int pid = process_->first_pid();
  const auto started_at = start_time(pid);
  running_code_ = code_release_;
  running_hash_ = config_hash_;
  tell({.state = State::spawned, .pid = pid, .release = code_release_, .supervised = by == By::supervisor});
  asio::co_spawn(executor_, watch_end(process_, life), asio::detached);
  if (closed_) {
    co_await kill();
    co_return Started{Started::How::failed, "the run is over"};
  }
  auto started = co_await await_ready();
  life->given_up = started.how == Started::How::timed_out;
  started.pid = pid;
  started.start_time = started_at;
  started.config_read = config_file.empty() || setup_.watch.opens(config_file) > opened_before;
  if (started.how != Started::How::ready && !last_lines_.empty())
    started.last_line = last_lines_.back();
  co_return started;
}

/// The end of a first process is an event, whoever looks.
asio::awaitable<void> Instance::watch_end(std::shared_ptr<process::Process> process, std::shared_ptr<Life> life) {
  co_await process->ended();
  const auto status = process->status();
  const bool asked = life->asked || closed_;
  if (process->is_lost() && !closed_) {
    setup_.observer.lost(*this, process->why_lost());
    co_return;
  }
  tell({.state = State::ended,
        .detail = asked || last_lines_.empty() ? std::string{} : last_lines_.back(),
        .pid = process->first_pid(),
        .exit_code = status ? status->exit_code() : std::nullopt,
        .signal = status && status->fatal_signal() ? process::signal_name(*status->fatal_signal()) : std::string{},
        .asked = asked,
        .starting = life->is_starting(),
        .remaining = process->remaining()});
  const bool is_launcher = !asked && status && status->exit_code() == 0 && process->remaining() > 0;
  if (is_launcher) { // from here on what it has started is the service
    co_await process->gone();
    if (process->is_lost() && !closed_)
      setup_.observer.lost(*this, process->why_lost());
    if (life->asked || closed_ || process->is_lost() || life->is_starting())
      co_return;
    const auto& last = life->last_status;
    tell({.state = State::ended,
          .detail = last_lines_.empty() ? std::string{} : last_lines_.back(),
          .pid = life->last_pid,
          .exit_code = last ? last->exit_code() : std::nullopt,
          .signal = last && last->fatal_signal() ? process::signal_name(*last->fatal_signal()) : std::string{}});
  } else if (asked || life->is_starting()) {
    co_return;
  }
  ended_unasked_ = true;
  setup_.observer.ended_unasked(*this);
}

asio::awaitable<Started> Instance::await_ready() {
  const auto& ready = setup_.unit.ready;
  const auto begin = setup_.clock.now();
  const auto deadline = begin + ready.within;
  for (;;) {
    if (co_await probe()) {
      tell({.state = State::ready,
            .detail = fmt::format("after {:.1f} ms", static_cast<double>((setup_.clock.now() - begin).count()) / 1e6)});
      co_return Started{Started::How::ready, {}};
    }
    if (process_->is_gone()) {
      if (closed_)
        co_return Started{Started::How::failed, "the run is over"};
      const auto status = process_->status() ? process_->status()->describe() : "no status";
      co_return Started{Started::How::exited, status};
    }
    if (setup_.clock.now() >= deadline) {
      const auto within = fmt::format("within {}", text::format_duration(ready.within));
      tell({.state = State::not_ready, .detail = within});
      co_return Started{Started::How::timed_out,
                        fmt::format("not ready {}; the last probe was answered: {}", within, last_answer_)};
    }
    // The next look, unless the process ends before it is due.
    (void)co_await async::until(setup_.clock, setup_.clock.now() + ready.every, process_->gone());
  }
}

asio::awaitable<ProbeAnswer> Instance::look(const scenario::Probe& how, async::Duration timeout,
                                            async::HttpConnection* kept) {
  co_return co_await probe_once(setup_.clock, how, probe_target(), kept, timeout);
}

asio::awaitable<bool> Instance::probe(async::HttpConnection* kept) {
  if (!is_running()) {
    ready_ = false;
    setup_.observer.probe(name(), {false, "it is not running"});
    co_return false;
  }
  const auto asked = process_;
  auto answer = co_await probe_once(setup_.clock, setup_.unit.ready, probe_target(), kept);
  // Only the new process may answer for itself: who holds the port is asked once a start.
  if (answer.ready && !inspected_ && is_running()) {
    inspected_ = true;
    inspect_listening();
    if (misplaced_.starts_with("another"))
      inspected_ = answer.ready = false, answer.detail = misplaced_;
  }
  ready_ = answer.ready && is_running() && process_ == asked;
  life_->was_ready = life_->was_ready || ready_;
  // Of commands that look, failures are events: when they begin, or fail otherwise.
  if (setup_.unit.ready.kind == scenario::Probe::Kind::command && !answer.ready && answer.detail != last_answer_)
    tell({.state = State::failed, .detail = fmt::format("its readiness command: {}", answer.detail)});
  last_answer_ = answer.detail;
  setup_.observer.probe(name(), answer);
  co_return ready_;
}

void Instance::inspect_listening() {
  if (!setup_.socket.empty())
    return; // a Unix socket in a folder of its own is nobody else's
  const auto& place = setup_.place;
  misplaced_.clear();
  bool own = false;
  std::string other;
  for (const auto& one : listening_on(place.port)) {
    if (one.address != place.address && !one.is_wildcard())
      continue;
    if (!tree_holds_socket(process_->shim_pid(), one.inode)) {
      other = fmt::format("another process than {} listens on {}:{}", name(), one.address, one.port);
      continue;
    }
    own = true;
    if (one.is_wildcard())
      misplaced_ = fmt::format("{} listens on {}:{} instead of {}: it ignores the address that it is given. "
                               "Instances on other hosts cannot use that port; give the service {{address}} to bind to",
                               name(), one.address, one.port, place.text());
  }
  if (!own && !other.empty())
    misplaced_ = other;
}

void Instance::close() {
  closed_ = life_->asked = true;
  changed_.notify();
  if (process_)
    process_->kill();
}

void Instance::begin_stop() {
  if (!is_running() || stopping_since_)
    return; // a second signal would mean "at once" to many servers
  stopping_since_ = setup_.clock.now();
  life_->asked = true;
  tell({.state = State::stopping, .detail = setup_.unit.stop_signal});
  const int signal = process::signal_number(setup_.unit.stop_signal).value_or(SIGTERM);
  ends_suddenly_ = process_->would_end_by(signal);
  is_launched_ = process_->status().has_value();
  if (is_launched_)
    process_->signal_tree(signal);
  else
    process_->signal(signal);
}

asio::awaitable<void> Instance::await_sudden_end() {
  const auto process = process_;
  if (process && stopping_since_ && ends_suddenly_)
    (void)co_await async::until(setup_.clock, *stopping_since_ + setup_.unit.stop_within, process->ended());
}

void Instance::expect_end() {
  life_->asked = true;
}

asio::awaitable<void> Instance::wait_while_open(async::Duration duration) {
  const auto end = setup_.clock.now() + duration;
  while (!closed_ && setup_.clock.now() < end)
    (void)co_await async::until(setup_.clock, end, changed_.wait());
}

asio::awaitable<bool> Instance::stop() {
  while (spawning_)
    co_await changed_.wait();
  if (!is_running())
    co_return true;
  begin_stop();
  const auto deadline = *stopping_since_ + setup_.unit.stop_within;
  const bool ended = co_await async::until(setup_.clock, deadline, is_launched_ ? process_->gone() : process_->ended());
  const auto how = ended && process_->status() ? process_->status()->describe() : "killed at the deadline";
  killed_at_stop_ = !ended;
  left_behind_ = ended && !is_launched_ ? process_->remaining() : 0;
  co_await kill(); // whatever of the tree outlived its first process
  tell({.state = State::stopped, .detail = how, .killed = killed_at_stop_});
  co_return ended;
}

asio::awaitable<void> Instance::kill() {
  while (spawning_)
    co_await changed_.wait();
  if (!process_)
    co_return;
  ready_ = false;
  life_->asked = life_->asked || is_running();
  const auto process = process_;
  process->kill();
  co_await process->gone();
  tell({.state = State::gone, .detail = process->status() ? process->status()->describe() : ""});
}

asio::awaitable<void> Instance::await_gone() {
  if (const auto process = process_)
    co_await process->gone();
}

void Instance::signal(int signal) {
  if (process_)
    process_->signal(signal);
}
void Instance::signal_tree(int signal) {
  if (process_)
    process_->signal_tree(signal);
}

std::vector<std::vector<Instance*>> by_kind(const std::vector<Instance*>& instances) {
  std::vector<std::vector<Instance*>> all;
  for (auto* instance : instances) {
    auto group =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.front()->kind() == instance->kind(); });
    if (group == all.end())
      group = all.insert(all.end(), std::vector<Instance*>{});
    group->push_back(instance);
  }
  return all;
}

} // namespace holdfast::stack
