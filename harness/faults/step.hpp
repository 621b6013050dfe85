// What one kind of step does. One file a kind: a class, its schema, its registration.
//
// A step strikes (short, completes before a gated message moves), follows up (readiness, respawn), and, when it is a
// fault, is undone. Afterwards it says what proves that it happened. It sees the targets that the run has resolved for
// it and never the run.
#pragma once

#include "harness/async/clock.hpp"
#include "harness/link/link.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/scenario/step_schema.hpp"
#include "harness/stack/instance.hpp"

#include <functional>

namespace holdfast::faults {

namespace asio = boost::asio;

/// What a step may touch. References outlive the step.
struct Target {
  const scenario::Step& step;
  const scenario::Stack& stack;
  async::Clock& clock;
  asio::any_io_executor executor;
  std::uint64_t seed;
  std::vector<stack::Instance*> instances; ///< in start order
  link::Link* link = nullptr;              ///< of steps on links
  link::Peers peers;                       ///< of steps on links; empty: all
  /// Takes instances out of the routes of users and waits, as their services declare, before they are stopped.
  std::function<asio::awaitable<void>(std::vector<stack::Instance*>)> drain = {};
  /// Waits until users are sent to instances that are ready again.
  std::function<asio::awaitable<void>(std::vector<stack::Instance*>)> await_routed = {};

  /// A value of a configuration as it may be shown: a secret's mark where its key says that it is one.
  std::function<std::string(const std::string& key, const std::string& value)> shown = {};

  [[nodiscard]] std::string text(const std::string& key, const std::string& fallback) const {
    return step.get<std::string>(key).value_or(fallback);
  }
};

/// A fault counts only when it is proven.
struct Proof {
  bool proven = false;
  std::string evidence;                  ///< what was seen, or what was missing
  std::vector<std::string> struck = {};  ///< instances whose process it ended or held
  std::vector<std::string> started = {}; ///< instances that it found down and brought up
};

class Step {
public:
  virtual ~Step() = default;
  /// Does the damage. A message that a gate holds moves when this returns, so it must be short; it is cancelled at a
  /// deadline, and the step is then recorded as late.
  [[nodiscard]] virtual asio::awaitable<void> strike() = 0;
  /// What takes longer, in the background while users go on: waiting for ends, starting again, becoming ready.
  [[nodiscard]] virtual asio::awaitable<void> follow_up() { co_return; }
  /// Ends a lasting fault: after its `for`, or when the timeline is over.
  [[nodiscard]] virtual asio::awaitable<void> undo() { co_return; }
  /// Of a lasting fault without a `for`, asked after `follow_up`: false when it has ended by itself and needs no undo.
  [[nodiscard]] virtual bool is_in_force() const { return true; }
  /// Asked once, after everything else.
  [[nodiscard]] virtual Proof proof() const = 0;
};

struct StepKind {
  scenario::StepSchema schema;
  std::function<std::unique_ptr<Step>(Target)> make;
  /// Of a step that changes a key of a configuration: the change, for those who look at it before it is played.
  std::function<config::Edit(const scenario::Step&)> config_edit = {};
};

/// Every kind, listed in all.cpp.
[[nodiscard]] std::vector<StepKind> all_kinds();

} // namespace holdfast::faults
