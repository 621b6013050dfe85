#include "tests/consistency/simulated_database.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace holdfast::test {

using namespace consistency;

unsigned Choices::below(unsigned limit) {
  if (!is_seeded_)
    return at_ < bytes_.size() ? bytes_[at_++] % limit : 0;
  auto mixed = state_ += 0x9e3779b97f4a7c15ULL; // SplitMix64
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
  return static_cast<unsigned>((mixed ^ mixed >> 31) % limit);
}

namespace {

using State = std::vector<std::int64_t>; ///< what was appended; a register's value is the last

struct Version {
  std::uint64_t committed = 0;
  State state;
};

struct Key {
  std::vector<Version> versions{{0, {}}}; ///< the newest last
  State dirty;                            ///< with what nobody has committed yet
  int owner = -1;                         ///< who holds the lock to write
  std::vector<int> readers;               ///< who holds a lock to read
  std::int64_t next = 1;                  ///< value to write
};

struct Step {
  bool is_write = false;
  std::int64_t key = 0;
  std::int64_t value = 0;
  State seen;
};

struct Session {
  std::int64_t process = 0;
  bool is_active = false;
  bool is_done = false; ///< committed or aborted, not yet acknowledged
  bool is_committed = false;
  bool only_reads = false;
  std::uint64_t snapshot = 0;
  std::vector<Step> steps;
  std::size_t at = 0;
  OperationId operation = 0;
};

class Database {
public:
  Database(const Workload& workload, Choices& choices)
      : workload_(workload), dice_(choices), sessions_(workload.processes) {
    for (unsigned i = 0; i < workload.processes; ++i)
      sessions_[i].process = i;
    for (unsigned i = 0; i < workload.keys; ++i)
      open_.push_back(i);
    next_process_ = workload.processes;
    next_key_ = workload.keys;
  }

  History run() {
    name_ = history_.values.keyword("txn");
    append_ = history_.values.keyword(workload_.is_lists ? "append" : "w");
    read_ = history_.values.keyword("r");
    unsigned stuck = 0;
    for (unsigned begun = 0, active = 0; begun < workload_.transactions || active > 0;) {
      auto number = static_cast<int>(dice_.below(workload_.processes));
      while (begun == workload_.transactions && !sessions_[static_cast<std::size_t>(number)].is_active)
        number = (number + 1) % static_cast<int>(workload_.processes);
      auto& session = sessions_[static_cast<std::size_t>(number)];
      if (!session.is_active) {
        begin(session);
        ++begun;
        ++active;
      } else if (session.is_done) {
        acknowledge(session);
        --active;
      } else if (session.at == session.steps.size()) {
        finish(number, dice_.below(100) < 100 - workload_.aborts);
      } else if (take_step(number)) {
        stuck = 0;
      } else if (++stuck > 2 * workload_.processes) { // waits for a lock, perhaps in a circle
        finish(number, false);
        stuck = 0;
      }
    }
    if (workload_.reads_all_in_the_end)
      read_all();
    history_.events = next_event_;
    return std::move(history_);
  }

private:
  void begin(Session& session) {
    session.is_active = true;
    session.is_done = session.is_committed = false;
    session.at = 0;
    session.steps.clear();
    session.only_reads = true;
    for (auto left = 1 + dice_.below(workload_.longest); left > 0; --left) {
      Step step;
      auto& place = open_[dice_.below(static_cast<unsigned>(open_.size()))];
      step.key = place;
      step.is_write = dice_.below(2) == 0;
      session.only_reads = session.only_reads && !step.is_write;
      if (step.is_write) {
        step.value = keys_[step.key].next++;
        if (step.value >= workload_.writes_per_key)
          place = next_key_++;
      }
      session.steps.push_back(std::move(step));
    }
    session.snapshot = commits_;
    if (workload_.level == Level::serializable && session.only_reads && commits_ > 0)
      session.snapshot -= dice_.below(static_cast<unsigned>(std::min<std::uint64_t>(commits_, 3)) + 1);
    invoke(session);
  }

  Operation& invoke(Session& session) {
    session.operation = static_cast<OperationId>(history_.operations.size());
    auto& operation = history_.operations.emplace_back();
    operation.f = name_;
    operation.invoked = value_of(session.steps, false);
    operation.process = session.process;
    operation.invocation = next_event_++;
    operation.invoke_line = operation.invocation + 1;
    return operation;
  }

  [[nodiscard]] bool takes_snapshot(const Session& session) const {
    return workload_.level == Level::snapshot_isolation ||
           (workload_.level == Level::serializable && session.only_reads);
  }

  /// False when it has to wait.
  bool take_step(int number) {
    auto& session = sessions_[static_cast<std::size_t>(number)];
    auto& step = session.steps[session.at];
    auto& key = keys_[step.key];
    const bool locks_reads =
        (workload_.level == Level::strict_serializable || workload_.level == Level::serializable) &&
        !takes_snapshot(session);
    if (step.is_write || locks_reads) {
      if (key.owner >= 0 && key.owner != number)
        return false;
      if (step.is_write && std::any_of(key.readers.begin(), key.readers.end(), [&](int one) { return one != number; }))
        return false;
    }
    if (step.is_write) {
      if (takes_snapshot(session) && key.versions.back().committed > session.snapshot) {
        finish(number, false); // the first committer has won
        return true;
      }
      key.owner = number;
      key.dirty.push_back(step.value);
    } else {
      if (locks_reads)
        key.readers.push_back(number);
      step.seen = look(session, key, number);
    }
    ++session.at;
    return true;
  }

  [[nodiscard]] State look(const Session& session, const Key& key, int number) const {
    if (key.owner == number || workload_.level == Level::read_uncommitted)
      return key.dirty;
    if (!takes_snapshot(session))
      return key.versions.back().state;
    auto version = key.versions.rbegin();
    while (version->committed > session.snapshot)
      ++version;
    return version->state;
  }

  void finish(int number, bool commits) {
    auto& session = sessions_[static_cast<std::size_t>(number)];
    session.is_done = true;
    session.is_committed = commits;
    commits_ += commits ? 1 : 0;
    for (const auto& step : session.steps) {
      auto& key = keys_[step.key];
      if (key.owner == number) {
        if (commits)
          key.versions.push_back({commits_, key.dirty});
        else
          key.dirty = key.versions.back().state;
        key.owner = -1;
      }
      std::erase(key.readers, number);
    }
  }

  void read_all() {
    Session session;
    session.process = next_process_++;
    session.is_committed = true;
    for (const auto& [number, key] : keys_)
      session.steps.push_back({false, number, 0, key.versions.back().state});
    auto& operation = invoke(session);
    operation.completion = next_event_++;
    operation.complete_line = operation.completion + 1;
    operation.outcome = Outcome::ok;
    operation.completed = value_of(session.steps, true);
  }

  void acknowledge(Session& session) {
    auto& operation = history_.operations[session.operation];
    session.is_active = false;
    operation.complete_line = next_event_ + 1;
    if (dice_.below(100) >= 100 - workload_.lost) {
      ++next_event_;
      session.process = next_process_++;
      return;
    }
    operation.completion = next_event_++;
    operation.outcome = session.is_committed ? Outcome::ok : Outcome::fail;
    operation.completed = value_of(session.steps, session.is_committed);
  }

  Value value_of(const std::vector<Step>& steps, bool with_reads) {
    std::vector<Value> all;
    for (const auto& step : steps) {
      Value value;
      if (step.is_write)
        value = Values::integer(step.value);
      else if (with_reads && workload_.is_lists) {
        std::vector<Value> elements;
        for (const auto element : step.seen)
          elements.push_back(Values::integer(element));
        value = history_.values.list(elements);
      } else if (with_reads && !step.seen.empty())
        value = Values::integer(step.seen.back());
      const std::vector<Value> parts{step.is_write ? append_ : read_, Values::integer(step.key), value};
      all.push_back(history_.values.list(parts));
    }
    return history_.values.list(all);
  }

  Workload workload_;
  Choices& dice_;
  History history_;
  Value name_, append_, read_;
  std::map<std::int64_t, Key> keys_;
  std::vector<std::int64_t> open_; ///< keys in use
  std::vector<Session> sessions_;
  std::int64_t next_process_ = 0;
  std::int64_t next_key_ = 0;
  std::uint64_t commits_ = 0;
  Position next_event_ = 0;
};

} // namespace

History simulate(const Workload& workload, Choices& choices) {
  return Database(workload, choices).run();
}

} // namespace holdfast::test
