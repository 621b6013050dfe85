// One unit of the stack: a service on one host, or a server that the run spawns. Its configuration on disk, its
// process, its readiness, its log.
//
// Owned by the run's stack, used from its thread. It knows neither scenario nor links: the addresses of what it needs
// are answered by the lookup of placeholders that it is given.
#pragma once

#include "harness/async/event.hpp"
#include "harness/config/edit.hpp"
#include "harness/history/events.hpp"
#include "harness/process/process.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/scenario/stack.hpp"
#include "harness/stack/bounded_log.hpp"
#include "harness/stack/config_watch.hpp"
#include "harness/stack/probe.hpp"

#include <deque>

namespace holdfast::stack {

class Instance;

/// What an instance tells whoever records the run.
class InstanceObserver {
public:
  virtual ~InstanceObserver() = default;
  virtual void process(const history::ProcessEvent& event) = 0;
  virtual void config(const history::ConfigEvent& event, const std::string& text) = 0;
  virtual void probe(const std::string& instance, const ProbeAnswer& answer) = 0;
  /// What may stand in a log.
  [[nodiscard]] virtual std::string masked(std::string_view line) = 0;
  /// Its first process ended while it was running, and nobody had asked for that.
  virtual void ended_unasked(Instance& instance) = 0;
  /// Its shim was killed, or cannot be watched: nothing is known of its processes any more.
  virtual void lost(Instance& instance, const std::string& why) = 0;
};

/// How a start went.
struct Started {
  enum class How {
    ready,     ///< the new process answers
    exited,    ///< it ended by itself before it was ready: it refused to start
    timed_out, ///< it runs and is not ready
    failed     ///< it could not be spawned
  };
  How how = How::failed;
  std::string detail;
  bool config_read = false; ///< it was seen to open its configuration file; true when it has none
  int pid = 0;
  std::uint64_t start_time = 0;
  std::string last_line = {}; ///< of its output, where it is not ready
};

/// What an instance is an instance of.
struct Unit {
  std::string name; ///< "bank@2"; of a server the dependency's
  std::string kind; ///< "bank"; of a server the dependency's
  int host = 0;     ///< 0: it serves all hosts
  scenario::Probe ready;
  std::string stop_signal = "SIGTERM";
  async::Duration stop_within = std::chrono::seconds{5};
  std::string run_as;
  std::vector<std::string> prepare; ///< run to its end before the first start
  std::string release;              ///< that it begins with
  std::function<const scenario::ServiceRelease&(const std::string& release)> code;
};

class Instance {
public:
  struct Setup {
    Unit unit;
    std::filesystem::path stack_folder;
    Place place;
    std::string socket = {};         ///< path of the Unix socket that it listens on; empty: `place`
    std::filesystem::path directory; ///< for its files; exists
    std::filesystem::path log;
    scenario::Lookup placeholders;
    process::Surroundings surroundings;
    async::Clock& clock;
    ConfigWatch& watch;
    InstanceObserver& observer;
  };

  Instance(asio::any_io_executor executor, Setup setup);

  [[nodiscard]] const std::string& name() const { return setup_.unit.name; }
  [[nodiscard]] const std::string& kind() const { return setup_.unit.kind; }
  [[nodiscard]] const Unit& unit() const { return setup_.unit; }
  [[nodiscard]] int host() const { return setup_.unit.host; }
  [[nodiscard]] const Place& place() const { return setup_.place; }
  [[nodiscard]] bool is_ready() const { return ready_; } ///< by the last probe
  [[nodiscard]] bool is_running() const { return process_ && !process_->is_gone(); }
  /// Its first process has not ended. When it has, processes that it started may still run.
  [[nodiscard]] bool has_first_process() const { return process_ && !process_->status(); }
  /// It is not running, and no step, supervisor or end of the run had asked it to end.
  [[nodiscard]] bool has_ended_unasked() const { return !is_running() && ended_unasked_; }
  /// The run is over: the process is killed and no other is started.
  void close();
  [[nodiscard]] bool is_closed() const { return closed_; }
  /// From here on the end of its process is expected and not reported: the run is being taken down.
  void expect_end();
  /// Waits for `duration`, or until the run is over.
  [[nodiscard]] asio::awaitable<void> wait_while_open(async::Duration duration);
  [[nodiscard]] bool is_starting() const { return starting_; }
  /// What is on disk differs from what the running process was started with.
  [[nodiscard]] bool has_pending_change() const {
    return running_code_ != code_release_ || running_hash_ != config_hash_;
  }
  [[nodiscard]] int pid() const { return process_ ? process_->pid() : 0; }
  [[nodiscard]] int shim_pid() const { return process_ ? process_->shim_pid() : 0; }
  /// Of the running tree's first process, also when that has ended; 0 when nothing runs.
  [[nodiscard]] int first_pid() const { return is_running() ? process_->first_pid() : 0; }
  [[nodiscard]] const std::string& code_release() const { return code_release_; }
  [[nodiscard]] const std::string& config_release() const { return config_release_; }
  [[nodiscard]] const std::string& config_hash() const { return config_hash_; }
  [[nodiscard]] const std::string& config_text() const { return config_text_; }
  [[nodiscard]] const scenario::ServiceRelease& code() const { return setup_.unit.code(code_release_); }
  [[nodiscard]] std::vector<std::string> last_lines() const { return {last_lines_.begin(), last_lines_.end()}; }
  /// It did not end by its stop signal when it was stopped last.
  [[nodiscard]] bool was_killed_at_stop() const { return killed_at_stop_; }
  /// Processes of its tree that still ran when its first one had ended at the last stop, and were killed.
  [[nodiscard]] int left_behind() const { return left_behind_; }
  /// Why the instance does not listen where it was told to; empty while nothing is known against it.
  [[nodiscard]] const std::string& misplaced() const { return misplaced_; }

  /// Writes the release's configuration to disk; a running process goes on with what it has read.
  /// Edits made before are forgotten. Throws std::runtime_error when the file cannot be written.
  void write_config(const std::string& release);
  /// Changes the file on disk; the error is a sentence.
  [[nodiscard]] boost::system::result<config::Edited, config::Error> edit_config_file(const config::Edit& edit);
  /// Another text in its place, placeholders filled. The unit must have a configuration file.
  void replace_config(const std::string& text_with_placeholders);
  /// The next start runs this release's command and environment.
  void use_code(const std::string& release) { code_release_ = release; }

  /// Runs what prepares the unit, to its end. Nothing, or why it failed.
  [[nodiscard]] asio::awaitable<std::optional<std::string>> prepare();
  /// Spawns and waits until ready, exited, or the probe's deadline. One start at a time: another waits for its end.
  enum class By { step, supervisor };
  [[nodiscard]] asio::awaitable<Started> start(By by = By::step);
  /// The stop signal, then SIGKILL at the deadline; returns when the whole tree is gone. True when it ended by itself.
  [[nodiscard]] asio::awaitable<bool> stop();
  /// SIGKILL to the tree; returns when it is gone.
  [[nodiscard]] asio::awaitable<void> kill();
  /// Returns when nothing of the tree is left.
  [[nodiscard]] asio::awaitable<void> await_gone();
  /// Sends the stop signal once; `stop` then counts its deadline from here. To the whole tree where its first process
  /// has ended: that was a launcher.
  void begin_stop();
  /// Returns when a process that does not handle its stop signal has ended by it; at once for one that does.
  [[nodiscard]] asio::awaitable<void> await_sudden_end();
  void signal(int signal);      ///< to the first process
  void signal_tree(int signal); ///< to all
  /// One probe, recorded; updates `is_ready`. Over `kept` where there is one: see probe_once. What is not running is
  /// not ready.
  [[nodiscard]] asio::awaitable<bool> probe(async::HttpConnection* kept = nullptr);
  /// One look that changes and records nothing, as somebody outside takes it.
  [[nodiscard]] asio::awaitable<ProbeAnswer> look(const scenario::Probe& how, async::Duration timeout,
                                                  async::HttpConnection* kept);

private:
  /// What was asked and seen of one process, from its spawn to its end. A new one is made for every start, so that the
  /// end of an old process is judged by what was asked of that one.
  struct Life {
    bool asked = false;     ///< its end was asked for
    bool was_ready = false; ///< until then an end is a refusal to start
    bool given_up = false;  ///< its start has timed out: nobody waits for it to become ready
    int last_pid = 0;       ///< the process of its tree, other than the first, that was reaped last
    std::optional<process::WaitStatus> last_status;

    [[nodiscard]] bool is_starting() const { return !was_ready && !given_up; }
  };
  void store_config(std::string text);
  void log_line(process::Stream stream, std::string_view line);
  [[nodiscard]] process::ProcessSpec spec_of(const std::vector<std::string>& command,
                                             const std::map<std::string, std::string>& environment) const;
  [[nodiscard]] asio::awaitable<Started> await_ready();
  asio::awaitable<Started> start_alone(By by);
  asio::awaitable<void> watch_end(std::shared_ptr<process::Process> process, std::shared_ptr<Life> life);
  void inspect_listening();
  [[nodiscard]] ProbeTarget probe_target();
  void tell(history::ProcessEvent event);

  asio::any_io_executor executor_;
  Setup setup_;
  async::Event changed_; ///< a spawn or a start has ended, or the run is over
  std::shared_ptr<process::Process> process_;
  std::shared_ptr<Life> life_ = std::make_shared<Life>(); ///< of `process_`
  BoundedLog log_;
  std::deque<std::string> last_lines_; ///< of this start
  bool log_probe_seen_ = false;
  bool ready_ = false;
  std::string last_answer_; ///< of a probe
  bool starting_ = false;
  bool spawning_ = false; ///< a process is being spawned that `process_` does not name yet
  bool closed_ = false;
  bool ended_unasked_ = false; ///< the last process ended by itself
  bool killed_at_stop_ = false;
  bool is_launched_ = false; ///< its first process had ended before the stop: the rest of its tree is the service
  int left_behind_ = 0;
  std::optional<async::Time> stopping_since_;
  bool ends_suddenly_ = false; ///< by the stop signal that it was sent
  std::string running_code_;
  std::string running_hash_;
  bool inspected_ = false;
  std::string misplaced_;
  std::string code_release_;
  std::string config_release_;
  std::string config_text_;
  std::string config_hash_;
};

/// The instances grouped by kind, in the order in which the kinds first appear: the members of a group may go up or
/// down at the same time.
[[nodiscard]] std::vector<std::vector<Instance*>> by_kind(const std::vector<Instance*>& instances);

} // namespace holdfast::stack
