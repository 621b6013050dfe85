// What happens in a run beside operations, probes and messages: one struct a kind of event. Each describes its own
// fields once, in `fields`; the recorder, the reader and tests walk that description.
//
// A description calls `field(key, member)` for each member, `field.said` where a service or a person may have said what
// stands there: secrets are masked in that alone, since names and ids are compared. What is empty, zero or false is not
// written and is read back as such, but for enumerations, which are always there.
#pragma once

#include "harness/history/values.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::history {

/// Since the run began, on its one monotonic clock.
using Time = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;

/// The names that the values of an enumeration have on disk.
template <class E>
struct NamesOf;

/// A stretch of the run.
struct PhaseEvent {
  enum class Phase { stack_up, setup, baseline, steady, cold_restart, end };
  enum class State { began, ended, reached, missed, skipped };
  static constexpr std::string_view type = "phase";

  Phase phase = Phase::end;
  State state = State::reached;
  std::string reason; ///< why it was skipped

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("name", self.phase);
    field("state", self.state);
    field.said("reason", self.reason);
  }
};

/// A step of the timeline enters a state.
struct StepEvent {
  enum class State { armed, waited, position, began, late, struck, in_force, undone, ended, proven, unproven };
  enum class Nature { change, fault };
  static constexpr std::string_view type = "step";

  std::string id;
  std::string kind;
  State state = State::began;
  Nature nature = Nature::change;
  std::vector<std::string> instances; ///< began: those it is about
  std::string link;                   ///< began: of a step on a link
  std::string peer;                   ///< position: who sent the message that is held
  std::uint64_t connection = 0;       ///< position
  std::string evidence;               ///< proven, unproven, late
  std::vector<std::string> struck;    ///< proven, unproven: those whose process it ended, or whose traffic it touched
  std::vector<std::string> started;   ///< proven, unproven: those that it found down and brought up
  Milliseconds waited{};              ///< waited: since the checkpoint, so that something is at risk
  bool acknowledged = false;          ///< waited: something was, on the path of the step

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("id", self.id);
    field("kind", self.kind);
    field("state", self.state);
    field("nature", self.nature);
    field("instances", self.instances);
    field("link", self.link);
    field("peer", self.peer);
    field("connection", self.connection);
    field.said("evidence", self.evidence);
    field("struck", self.struck);
    field("started", self.started);
    field("waited_ms", self.waited);
    field("acknowledged", self.acknowledged);
  }
};

/// A checkpoint: everything that users were told is read back.
struct CheckpointEvent {
  enum class State { began, ended };
  static constexpr std::string_view type = "checkpoint";

  int number = 0;
  State state = State::began;
  std::string after;     ///< the step that it comes after; empty: none, or the cold restart
  bool cold = false;     ///< after the cold restart
  bool restored = false; ///< the code and configuration that the stack started with are in force
  bool left = false;     ///< they had been left before

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("number", self.number);
    field("state", self.state);
    field("after", self.after);
    field("cold", self.cold);
    field("restored", self.restored);
    field("left", self.left);
  }
};

/// What becomes of the processes of an instance or a spawned server.
struct ProcessEvent {
  enum class State {
    spawned,
    ready,
    not_ready,    ///< not by the deadline of its start
    spawn_failed, ///< there is no such program
    stopping,     ///< it was sent its stop signal
    stopped,      ///< it is gone after its stop signal, by itself or killed
    gone,         ///< its whole process tree has ended
    ended,        ///< its first process has; `asked` says whether a step or the teardown wanted that
    reaped,       ///< another process of its tree ended, and its shim was its parent by then
    failed,       ///< a command that is run for it: its preparation, a readiness probe
  };
  static constexpr std::string_view type = "process";

  std::string instance; ///< "bank@2", or the name of a dependency
  State state = State::spawned;
  std::string detail; ///< for people
  int pid = 0;
  std::string release;          ///< spawned
  std::optional<int> exit_code; ///< ended, reaped: it exited by itself
  std::string signal;           ///< ended, reaped: it died of this
  bool asked = false;           ///< ended: after a signal of a step, or in teardown
  bool starting = false;        ///< ended: before it was ready: it refused to start
  int remaining = 0;            ///< ended: processes of its tree that still run
  bool supervised = false;      ///< spawned: by the declared supervisor
  bool killed = false;          ///< stopped: it had to be killed at its deadline

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("instance", self.instance);
    field("state", self.state);
    field.said("detail", self.detail);
    field("pid", self.pid);
    field("release", self.release);
    field("exit", self.exit_code);
    field("signal", self.signal);
    field("asked", self.asked);
    field("starting", self.starting);
    field("remaining", self.remaining);
    field("supervised", self.supervised);
    field("killed", self.killed);
  }
};

/// The router takes an instance out, or back in: see `balancer` in a stack file.
struct RouteEvent {
  enum class State { in, out };
  static constexpr std::string_view type = "route";

  std::string instance;
  State state = State::in;
  std::string detail;     ///< the answer of the probe that decided, or "drain"
  Milliseconds probed{};  ///< how long that probe took
  bool timed_out = false; ///< it had no answer in time

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("instance", self.instance);
    field("state", self.state);
    field.said("detail", self.detail);
    field("probed_ms", self.probed);
    field("timed_out", self.timed_out);
  }
};

/// A version of a configuration file is on disk.
struct ConfigEvent {
  static constexpr std::string_view type = "config";

  std::string instance;
  std::string file;
  std::string hash; ///< of what is on disk, before secrets are masked
  std::string release;

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("instance", self.instance);
    field("file", self.file);
    field("hash", self.hash);
    field("release", self.release);
  }
};

/// How the wait for the stack's recovery after a step ended.
struct RecoveryEvent {
  enum class State { recovered, not_recovered, next_step };
  static constexpr std::string_view type = "recovery";

  std::string after; ///< step
  State state = State::recovered;
  Milliseconds took{};
  std::uint64_t seen = 0; ///< operations that were counted meanwhile

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("after", self.after);
    field("state", self.state);
    field("took_ms", self.took);
    field("seen", self.seen);
  }
};

/// The harness's loop was late.
struct LagEvent {
  static constexpr std::string_view type = "lag";

  Milliseconds late{};

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("ms", self.late);
  }
};

/// The harness waited for a processor.
struct StarvedEvent {
  static constexpr std::string_view type = "starved";

  Milliseconds window{}; ///< up to now
  int percent = 0;       ///< of it

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("ms", self.window);
    field("percent", self.percent);
  }
};

/// Something that a reader of the report must know.
struct WarningEvent {
  static constexpr std::string_view type = "warning";

  std::string instance;
  std::string text;

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("instance", self.instance);
    field.said("text", self.text);
  }
};

/// What became of arrivals by the end of the timeline.
struct WorkloadEvent {
  static constexpr std::string_view type = "workload";

  std::uint64_t late = 0;   ///< operations that were due and still queued then
  std::uint64_t unsent = 0; ///< those of them that were not sent soon after it

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("late", self.late);
    field("unsent", self.unsent);
  }
};

/// An http fake wrote an entry into its book.
struct BookedEvent {
  static constexpr std::string_view type = "booked";

  std::string dependency;
  Values entry; ///< in fields of the stack's own

  [[nodiscard]] std::string field_of(std::string_view key) const {
    return std::string(entry.find(key).value_or(std::string_view{}));
  }

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("dependency", self.dependency);
    field.rest(self.entry);
  }
};

/// An http fake kept a good answer from a caller: see `behaviours` in a stack file.
struct WithheldEvent {
  static constexpr std::string_view type = "withheld";

  std::string dependency;
  std::string peer; ///< instance whose request it was
  std::string route;
  std::string behaviour;

  template <class Field, class Self>
  static void fields(Field& field, Self& self) {
    field("dependency", self.dependency);
    field("peer", self.peer);
    field("route", self.route);
    field("behaviour", self.behaviour);
  }
};

using EventData =
    std::variant<PhaseEvent, StepEvent, CheckpointEvent, ProcessEvent, RouteEvent, ConfigEvent, RecoveryEvent, LagEvent,
                 StarvedEvent, WarningEvent, WorkloadEvent, BookedEvent, WithheldEvent>;

struct Event {
  std::uint64_t sequence = 0;
  Time time{};
  EventData data;

  /// Null where it is of another kind.
  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&data);
  }
};

template <>
struct NamesOf<PhaseEvent::Phase> {
  using E = PhaseEvent::Phase;
  static constexpr std::array<std::pair<E, std::string_view>, 6> all{{{E::stack_up, "stack up"},
                                                                      {E::setup, "setup"},
                                                                      {E::baseline, "baseline"},
                                                                      {E::steady, "steady"},
                                                                      {E::cold_restart, "cold restart"},
                                                                      {E::end, "end"}}};
};
template <>
struct NamesOf<PhaseEvent::State> {
  using E = PhaseEvent::State;
  static constexpr std::array<std::pair<E, std::string_view>, 5> all{{{E::began, "began"},
                                                                      {E::ended, "ended"},
                                                                      {E::reached, "reached"},
                                                                      {E::missed, "missed"},
                                                                      {E::skipped, "skipped"}}};
};
template <>
struct NamesOf<StepEvent::State> {
  using E = StepEvent::State;
  static constexpr std::array<std::pair<E, std::string_view>, 11> all{{{E::armed, "armed"},
                                                                       {E::waited, "waited"},
                                                                       {E::position, "position"},
                                                                       {E::began, "began"},
                                                                       {E::late, "late"},
                                                                       {E::struck, "struck"},
                                                                       {E::in_force, "in force"},
                                                                       {E::undone, "undone"},
                                                                       {E::ended, "ended"},
                                                                       {E::proven, "proven"},
                                                                       {E::unproven, "unproven"}}};
};
template <>
struct NamesOf<StepEvent::Nature> {
  using E = StepEvent::Nature;
  static constexpr std::array<std::pair<E, std::string_view>, 2> all{{{E::change, "change"}, {E::fault, "fault"}}};
};
template <>
struct NamesOf<CheckpointEvent::State> {
  using E = CheckpointEvent::State;
  static constexpr std::array<std::pair<E, std::string_view>, 2> all{{{E::began, "began"}, {E::ended, "ended"}}};
};
template <>
struct NamesOf<ProcessEvent::State> {
  using E = ProcessEvent::State;
  static constexpr std::array<std::pair<E, std::string_view>, 10> all{{{E::spawned, "spawned"},
                                                                       {E::ready, "ready"},
                                                                       {E::not_ready, "not-ready"},
                                                                       {E::spawn_failed, "spawn-failed"},
                                                                       {E::stopping, "stopping"},
                                                                       {E::stopped, "stopped"},
                                                                       {E::gone, "gone"},
                                                                       {E::ended, "ended"},
                                                                       {E::reaped, "reaped"},
                                                                       {E::failed, "failed"}}};
};
template <>
struct NamesOf<RouteEvent::State> {
  using E = RouteEvent::State;
  static constexpr std::array<std::pair<E, std::string_view>, 2> all{{{E::in, "in"}, {E::out, "out"}}};
};
template <>
struct NamesOf<RecoveryEvent::State> {
  using E = RecoveryEvent::State;
  static constexpr std::array<std::pair<E, std::string_view>, 3> all{
      {{E::recovered, "recovered"}, {E::not_recovered, "not recovered"}, {E::next_step, "next step"}}};
};

/// The name that a value of an enumeration has on disk.
template <class E>
[[nodiscard]] std::string_view name_of(E value) {
  for (const auto& [one, name] : NamesOf<E>::all)
    if (one == value)
      return name;
  return {};
}
template <class E>
[[nodiscard]] std::optional<E> value_named(std::string_view name) {
  for (const auto& [value, one] : NamesOf<E>::all)
    if (one == name)
      return value;
  return std::nullopt;
}

} // namespace holdfast::history
