// Taking instances down and bringing them up again, with the proof that another process answers. Shared by the steps
// that do so; not a step itself.
#pragma once

#include "harness/faults/step.hpp"

namespace holdfast::faults {

/// How the old processes are ended.
enum class Ending {
  stop, ///< the service's stop signal, SIGKILL at its deadline
  kill  ///< SIGKILL
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
  Respawn(async::Clock& clock, std::vector<stack::Instance*> instances, Ending ending, Retries retries = {})
      : clock_(clock), instances_(std::move(instances)), ending_(ending), retries_(retries) {}

  /// kill: returns when every tree is gone. stop: sends the signal only; `up` waits.
  [[nodiscard]] asio::awaitable<void> strike();
  /// The same on the first host alone, where `rolling` goes on.
  [[nodiscard]] asio::awaitable<void> strike_first_host();
  /// All at once: everything down, then everything up, in start order.
  [[nodiscard]] asio::awaitable<void> up();
  /// One host after the other, each down and up before the next.
  [[nodiscard]] asio::awaitable<void> rolling();
  [[nodiscard]] Proof proof() const;

private:
  struct Before {
    int pid;
    std::uint64_t start_time;
  };
  struct Replacement {
    stack::Started started;
    std::int64_t tries;
  };
  [[nodiscard]] asio::awaitable<void> down(stack::Instance& instance);
  [[nodiscard]] asio::awaitable<void> start(stack::Instance& instance);
  void remember(stack::Instance& instance);

  async::Clock& clock_;
  std::vector<stack::Instance*> instances_;
  Ending ending_;
  Retries retries_;
  std::map<stack::Instance*, Before> before_;
  std::map<stack::Instance*, Replacement> replaced_;
};

} // namespace holdfast::faults
