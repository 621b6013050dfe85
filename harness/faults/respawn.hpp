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

class Respawn {
public:
  Respawn(std::vector<stack::Instance*> instances, Ending ending) : instances_(std::move(instances)), ending_(ending) {}

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
    stack::Instance* instance;
    Before before;
    stack::Started started;
  };
  [[nodiscard]] asio::awaitable<void> down(stack::Instance& instance);
  [[nodiscard]] asio::awaitable<void> start(stack::Instance& instance);
  void remember(stack::Instance& instance);

  std::vector<stack::Instance*> instances_;
  Ending ending_;
  std::map<stack::Instance*, Before> before_;
  std::vector<Replacement> replaced_;
};

} // namespace holdfast::faults
