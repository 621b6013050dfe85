// One instance through its lives: configuration on disk, spawn, waiting until it is ready, and its end, wanted or not.
// Steps, the supervisor and the end of the run act on the same instance, and every co_await lets another of them run:
// what was true before one has to be looked at again after it.
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

constexpr std::size_t kept_lines = 20; ///< the last of its output, for messages about it
constexpr std::size_t longest_line = 500;
constexpr auto prepared_within = std::chrono::seconds{60};

/// All that a service is given of the harness's own environment; the rest of it is what the stack file says.
std::map<std::string, std::string> inherited_environment() {
  std::map<std::string, std::string> environment;
  for (const auto* name : {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "ASAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name))
      environment[name] = value;
  return environment;
}

/// The folder of the running program: {bin} of the stack file.
std::string program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

} // namespace

Instance::Instance(asio::any_io_executor executor, Setup setup)
    : executor_(std::move(executor)), setup_(std::move(setup)), changed_(executor_), log_(setup_.log),
      code_release_(setup_.unit.release) {
  // The instance answers what is its own; for anything else, such as the place of what it needs, the lookup that came
  // in is asked. {release} and {config} are looked up anew at each start, for a deploy changes them.
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

// Replaces the file on disk and records the new version. The new file is written beside the old one and renamed onto
// it, so that a process that starts or reloads just then reads one of the two.
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
  // The harness makes files that only its own user may read; this one is read by the service, which may run as another.
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
  // In the line as it was written: masking may have replaced a part of the text that the probe looks for.
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

// The preparation (initdb) runs like a start, under a shim and with its output in the log, but has to end by itself
// with status 0.
asio::awaitable<std::optional<std::string>> Instance::prepare() {
  if (setup_.unit.prepare.empty())
    co_return std::nullopt;
  auto spawned = co_await process::Process::spawn(
      executor_, spec_of(setup_.unit.prepare, code().environment),
      [this](process::Stream stream, std::string_view line) { log_line(stream, line); });
  if (!spawned)
    co_return spawned.error();
  std::shared_ptr<process::Process> preparing(std::move(*spawned));
  process_ = preparing; // so that `close` can kill it when the run is interrupted
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

// A step may start an instance that its supervisor is just starting again. The later start waits for the earlier one to
// end, and then replaces the process that it has started.
asio::awaitable<Started> Instance::start(By by) {
  while (starting_)
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
  // Forgets all that is known of the process before. The new one gets a Life of its own: the old one's `watch_end` may
  // not have run to its end yet, and must judge by what was asked of the old one.
  stopping_since_.reset();
  last_lines_.clear();
  log_probe_seen_ = ready_ = inspected_ = ended_unasked_ = false;
  left_behind_ = 0;
  const auto life = life_ = std::make_shared<Life>();
  misplaced_.clear();
  const auto config_file = code().config ? setup_.directory / code().config->name : std::filesystem::path{};
  // The evidence that the new process has read its file is that the file was opened more often than before the spawn.
  const auto opened_before = config_file.empty() ? 0 : setup_.watch.opens(config_file);

  // Until the spawn returns there is a process that `process_` does not name: `stop` and `kill` wait for it.
  spawning_ = true;
  auto spawned = co_await process::Process::spawn(
      executor_, spec_of(code().command, code().environment),
      [this](process::Stream stream, std::string_view line) { log_line(stream, line); },
      [this, life](int pid, process::WaitStatus status) {
        life->last_pid = pid;
        life->last_status = status;
        // After a stop or a kill the ends of further processes are expected, and not worth an event.
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
  // Beside whatever else is done with the process, so that its end becomes an event also when no step waits for it.
  asio::co_spawn(executor_, watch_end(process_, life), asio::detached);
  if (closed_) {
    co_await kill();
    co_return Started{Started::How::failed, "the run is over"};
  }
  auto started = co_await await_ready();
  // A process that ends after that has not refused to start: it ended by itself while it ran.
  life->given_up = started.how == Started::How::timed_out;
  started.pid = pid;
  started.start_time = started_at;
  started.config_read = config_file.empty() || setup_.watch.opens(config_file) > opened_before;
  if (started.how != Started::How::ready && !last_lines_.empty())
    started.last_line = last_lines_.back();
  co_return started;
}

/// Records the end of the first process, and tells the observer, and with it a supervisor, when the instance has ended
/// without being asked to. An end before the instance was ready is a refusal to start, which whoever started it deals
/// with.
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
  // A first process that exits with 0 and leaves others running was a launcher (a daemon's double fork): what it has
  // started is the service, which has ended when the whole tree has. The last process to be reaped then says how.
  const bool is_launcher = !asked && status && status->exit_code() == 0 && process->remaining() > 0;
  if (is_launcher) {
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

// Probes until one is answered as ready, all processes have ended, or the time that the stack file gives is up; at
// least once in any case.
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
    // Waits until the next probe is due, or less: a process that ends meanwhile is reported at once.
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
  // A probe takes time, and a step may start the instance again meanwhile: the old process's answer must not make the
  // new one ready.
  const auto asked = process_;
  auto answer = co_await probe_once(setup_.clock, setup_.unit.ready, probe_target(), kept);
  // The answer may come from another process that holds the port. Before the first "ready" of a start counts, the
  // kernel is therefore asked whose socket it is: once a start, and again for each probe while the socket is another's.
  if (answer.ready && !inspected_ && is_running()) {
    inspected_ = true;
    inspect_listening();
    if (misplaced_.starts_with("another"))
      inspected_ = answer.ready = false, answer.detail = misplaced_;
  }
  ready_ = answer.ready && is_running() && process_ == asked;
  life_->was_ready = life_->was_ready || ready_;
  // A readiness command's output is dropped. What it ends with is recorded when it begins to fail, and when it fails in
  // another way.
  if (setup_.unit.ready.kind == scenario::Probe::Kind::command && !answer.ready && answer.detail != last_answer_)
    tell({.state = State::failed, .detail = fmt::format("its readiness command: {}", answer.detail)});
  last_answer_ = answer.detail;
  setup_.observer.probe(name(), answer);
  co_return ready_;
}

// Sets `misplaced_`, a sentence that begins with "another" where a process outside of the instance's tree has the port.
// A wildcard address is only a warning: the instance does answer at its place, but so it does on every other host's.
void Instance::inspect_listening() {
  if (!setup_.socket.empty())
    return; // a Unix socket in a folder of its own is nobody else's
  const auto& place = setup_.place;
  misplaced_.clear();
  // Several sockets may listen here (SO_REUSEPORT, IPv4 and IPv6): one of the instance's own is enough.
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

// Called at the end of the run, also in the middle of a start, a stop or a wait: those see `closed_`, or the end of the
// process, and return. A process that is just being spawned is killed by `start_alone`, which alone can reach it.
void Instance::close() {
  closed_ = life_->asked = true;
  changed_.notify();
  if (process_)
    process_->kill();
}

// Steps that stop several instances send all signals first and wait for the ends afterwards.
void Instance::begin_stop() {
  if (!is_running() || stopping_since_)
    return; // many servers take a second stop signal for "end at once"
  stopping_since_ = setup_.clock.now();
  life_->asked = true;
  tell({.state = State::stopping, .detail = setup_.unit.stop_signal});
  const int signal = process::signal_number(setup_.unit.stop_signal).value_or(SIGTERM);
  // Asked before the signal is sent: afterwards the process may be gone, and with it what the kernel knows of its
  // handlers.
  ends_suddenly_ = process_->would_end_by(signal);
  is_launched_ = process_->status().has_value();
  if (is_launched_)
    process_->signal_tree(signal);
  else
    process_->signal(signal);
}

// A process that handles its stop signal may go on serving for as long as it needs: it is not waited for here. One that
// does not is dead as soon as the kernel has acted; until then a probe would still find it alive.
asio::awaitable<void> Instance::await_sudden_end() {
  const auto process = process_;
  if (process && stopping_since_ && ends_suddenly_)
    (void)co_await async::until(setup_.clock, *stopping_since_ + setup_.unit.stop_within, process->ended());
}

// Without this a server that ends by itself when its last client has gone would be reported as one that died.
void Instance::expect_end() {
  life_->asked = true;
}

asio::awaitable<void> Instance::wait_while_open(async::Duration duration) {
  const auto end = setup_.clock.now() + duration;
  // `changed_` tells of more than the run's end: a spawn that is over wakes this too, and does not end the wait.
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
  // The first process is the service and decides whether it has ended in time; behind a launcher that has gone, only
  // the whole tree can.
  const bool ended = co_await async::until(setup_.clock, deadline, is_launched_ ? process_->gone() : process_->ended());
  const auto how = ended && process_->status() ? process_->status()->describe() : "killed at the deadline";
  killed_at_stop_ = !ended;
  left_behind_ = ended && !is_launched_ ? process_->remaining() : 0;
  co_await kill(); // what of the tree has outlived its first process, or the deadline
  tell({.state = State::stopped, .detail = how, .killed = killed_at_stop_});
  co_return ended;
}

asio::awaitable<void> Instance::kill() {
  while (spawning_)
    co_await changed_.wait();
  if (!process_)
    co_return;
  ready_ = false;
  // A tree that had ended before this call was not asked to: its `watch_end` may only now be about to say so.
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

// Not a map: the kinds keep the order of the list, which is the order in which services start.
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
