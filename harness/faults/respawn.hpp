// Taking instances down and bringing them up again, with the proof that another process answers. Shared by the steps
// that do so; not a step itself.
#pragma once

#include "harness/faults/step.hpp"

#include <set>

namespace holdfast::faults {

/// How the old processes are ended.
enum class Ending {
  stop, ///< the service's stop signal, SIGKILL at its deadline
  kill  ///< SIGKILL
};

/// What a step is for. That decides whether it is proven where it finds instances down.
enum class Purpose {
  kill,    ///< to kill running processes: not proven where one instance is down
  replace, ///< to replace running processes by others: not proven where all have ended by themselves
  restore  ///< to have the instances run: starting one that is down is proof as well
};

/// As a supervisor does it: what refuses to start is started again.
struct Retries {
  std::int64_t tries = 1; ///< starts of each instance, the first included
  async::Duration wait = std::chrono::milliseconds{50};
};
/// The keys `tries` and `wait` of a step.
[[nodiscard]] Retries retries_of(const Target& target);
[[nodiscard]] std::vector<scenario::KeySchema> retry_keys();

class Respawn {
public:
  Respawn(const Target& target, Ending ending, Purpose purpose = Purpose::replace, Retries retries = {});

  /// kill: returns when every tree is gone. stop: sends the signal only, after draining; `up` waits.
  [[nodiscard]] asio::awaitable<void> strike();
  /// The same on the first host alone, where `rolling` goes on.
  [[nodiscard]] asio::awaitable<void> strike_first_host();
  /// All at once: everything down, then everything up, in start order.
  [[nodiscard]] asio::awaitable<void> up();
  /// One host after the other, each down, up and before its users again before the next.
  [[nodiscard]] asio::awaitable<void> rolling();
  [[nodiscard]] Proof proof() const;

private:
  struct Before {
    int pid;
    std::uint64_t start_time;
    bool ended_unasked; ///< it was down because its process had ended by itself: no step had stopped it
  };
  struct Replacement {
    stack::Started started;
    std::int64_t tries;
  };
  [[nodiscard]] asio::awaitable<void> down(stack::Instance& instance);
  [[nodiscard]] asio::awaitable<void> start(stack::Instance& instance);
  [[nodiscard]] asio::awaitable<void> drain(const std::vector<stack::Instance*>& instances);
  void remember(stack::Instance& instance);
  /// What became of one; nothing when that is no proof, with the reason in `problem`.
  [[nodiscard]] std::optional<std::string> outcome_of(stack::Instance& instance, std::string& problem) const;

  std::vector<stack::Instance*> instances_;
  std::function<asio::awaitable<void>(std::vector<stack::Instance*>)> drain_;
  std::function<asio::awaitable<void>(std::vector<stack::Instance*>)> await_routed_;
  Ending ending_;
  Purpose purpose_;
  Retries retries_;
  std::map<stack::Instance*, Before> before_;
  std::map<stack::Instance*, Replacement> replaced_;
  std::set<std::string> killed_at_deadline_;
  std::map<std::string, int> left_behind_; ///< processes that outlived the one that was stopped
};

} // namespace holdfast::faults
