// One instance of a service on one host: its configuration on disk, its process, its readiness, its log.
//
// Owned by the run's stack, used from its thread. It knows no scenario and no links: where it finds what it needs comes
// in as a lookup of placeholders.
#pragma once

#include "harness/process/process.hpp"
#include "harness/scenario/placeholders.hpp"
#include "harness/scenario/stack.hpp"
#include "harness/stack/config_text.hpp"
#include "harness/stack/config_watch.hpp"
#include "harness/stack/probe.hpp"

#include <deque>
#include <fstream>

namespace holdfast::stack {

/// What an instance tells whoever records the run.
class InstanceObserver {
public:
  virtual ~InstanceObserver() = default;
  virtual void process(const std::string& instance, const std::string& state, const std::string& detail) = 0;
  virtual void config(const std::string& instance, const std::string& file, const std::string& hash,
                      const std::string& release, const std::string& text) = 0;
  virtual void probe(const std::string& instance, const ProbeAnswer& answer) = 0;
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
};

class Instance {
public:
  struct Setup {
    const scenario::Stack& stack;
    const scenario::Service& service;
    int host;
    Place place;
    std::filesystem::path directory; ///< for its files; exists
    std::filesystem::path log;
    scenario::Lookup placeholders;
    async::Clock& clock;
    ConfigWatch& watch;
    InstanceObserver& observer;
  };

  Instance(asio::any_io_executor executor, Setup setup);

  [[nodiscard]] const std::string& name() const { return name_; } ///< "bank@2"
  [[nodiscard]] const scenario::Service& service() const { return setup_.service; }
  [[nodiscard]] int host() const { return setup_.host; }
  [[nodiscard]] const Place& place() const { return setup_.place; }
  [[nodiscard]] bool is_ready() const { return ready_; } ///< by the last probe
  [[nodiscard]] bool is_running() const { return process_ && !process_->is_gone(); }
  /// The run is over: the process is killed and no other is started.
  void close();
  [[nodiscard]] bool is_starting() const { return starting_; }
  /// What is on disk differs from what the running process was started with.
  [[nodiscard]] bool has_pending_change() const {
    return running_code_ != code_release_ || running_hash_ != config_hash_;
  }
  [[nodiscard]] int pid() const { return process_ ? process_->pid() : 0; }
  [[nodiscard]] int shim_pid() const { return process_ ? process_->shim_pid() : 0; }
  [[nodiscard]] const std::string& code_release() const { return code_release_; }
  [[nodiscard]] const std::string& config_release() const { return config_release_; }
  [[nodiscard]] const std::string& config_hash() const { return config_hash_; }
  [[nodiscard]] std::vector<std::string> last_lines() const { return {last_lines_.begin(), last_lines_.end()}; }
  /// Why the instance does not listen where it was told to; empty while nothing is known against it.
  [[nodiscard]] const std::string& misplaced() const { return misplaced_; }

  /// Writes the release's configuration to disk; a running process goes on with what it has read.
  /// Edits made before are forgotten. Throws std::runtime_error when the file cannot be written.
  void write_config(const std::string& release);
  /// Changes the file on disk; the error is a sentence.
  [[nodiscard]] boost::system::result<void, ConfigError> edit_config_file(const ConfigEdit& edit);
  /// The next start runs this release's command and environment.
  void use_code(const std::string& release) { code_release_ = release; }

  /// Spawns and waits until ready, exited, or the probe's deadline.
  [[nodiscard]] asio::awaitable<Started> start();
  /// The stop signal, then SIGKILL at the deadline; returns when the whole tree is gone. True when it ended by itself.
  [[nodiscard]] asio::awaitable<bool> stop();
  /// SIGKILL to the tree; returns when it is gone.
  [[nodiscard]] asio::awaitable<void> kill();
  /// Sends the stop signal once; `stop` then counts its deadline from here.
  void begin_stop();
  void signal(int signal);      ///< to the first process
  void signal_tree(int signal); ///< to all
  /// One probe, recorded; updates `is_ready`. Over `kept` where there is one: see probe_once.
  [[nodiscard]] asio::awaitable<bool> probe(async::HttpConnection* kept = nullptr);

private:
  [[nodiscard]] const scenario::ServiceRelease& code() const;
  void store_config(std::string text);
  void log_line(process::Stream stream, std::string_view line);
  [[nodiscard]] asio::awaitable<Started> await_ready();
  void inspect_listening();
  [[nodiscard]] ProbeTarget probe_target();

  asio::any_io_executor executor_;
  Setup setup_;
  std::string name_;
  std::unique_ptr<process::Process> process_;
  std::ofstream log_;
  std::deque<std::string> last_lines_; ///< of this start
  bool log_probe_seen_ = false;
  bool ready_ = false;
  std::string last_answer_; ///< of a probe
  bool starting_ = false;
  bool closed_ = false;
  std::optional<async::Time> stopping_since_;
  std::string running_code_;
  std::string running_hash_;
  bool inspected_ = false;
  std::string misplaced_;
  std::string code_release_;
  std::string config_release_;
  std::string config_text_;
  std::string config_hash_;
};

/// Those of one service each, services in their order here: what may go up or down at the same time.
[[nodiscard]] std::vector<std::vector<Instance*>> by_service(const std::vector<Instance*>& instances);

} // namespace holdfast::stack
