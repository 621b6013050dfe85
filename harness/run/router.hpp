// Where users are sent: a load balancer before each service that users reach. It knows what its own probes tell it, as
// `balancer` in a stack file declares, and what a step says when it drains a host; of everything else, a kill, a
// signal, a process that has ended, it learns from its next probes.
#pragma once

#include "harness/async/event.hpp"
#include "harness/history/recorder.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/stack/instance.hpp"
#include "harness/workload/caller.hpp"

namespace holdfast::run {

namespace asio = boost::asio;

class Router final : public workload::Router {
public:
  /// Where users reach an instance: itself, or a link before it.
  using PlaceOf = std::function<stack::Place(const stack::Instance&)>;
  /// Told of what the harness itself lacks.
  using OnFailure = std::function<void(std::exception_ptr)>;

  Router(asio::any_io_executor executor, async::Clock& clock, const scenario::Scenario& scenario,
         history::Recorder& recorder, PlaceOf place_of, OnFailure on_failure);

  /// Instances that are ready by now are routed; from here on their probes decide, until `stop`.
  void start(const std::vector<stack::Instance*>& instances);
  void stop();

  [[nodiscard]] std::optional<workload::Route> route(const std::string& service, int host,
                                                     const std::string& failed) override;
  /// Users are sent to this instance now.
  [[nodiscard]] bool is_routed(const std::string& instance) const;
  /// Takes instances out, those whose service declares `drain`, and waits for as long. They come back by their probes,
  /// once those have failed or another process answers them.
  [[nodiscard]] asio::awaitable<void> drain(std::vector<stack::Instance*> instances);
  /// Waits until users are sent to those of these that are ready and to no other; at most for as long as their probes
  /// need to say so.
  [[nodiscard]] asio::awaitable<void> await_routed(std::vector<stack::Instance*> instances);

private:
  struct Backend {
    stack::Instance* instance = nullptr;
    const scenario::Service* service = nullptr;
    bool probed = false; ///< users reach it
    bool routed = false;
    bool draining = false;
    int drained_pid = 0;           ///< of its first process, also where that has ended
    int failed = 0, succeeded = 0; ///< probes in a row
  };
  asio::awaitable<void> watch(Backend& backend);
  void take(Backend& backend, const stack::ProbeAnswer& answer, async::Duration took);
  void move(Backend& backend, bool routed, const std::string& why, async::Duration took, bool timed_out);

  asio::any_io_executor executor_;
  async::Clock& clock_;
  const scenario::Scenario& scenario_;
  history::Recorder& recorder_;
  PlaceOf place_of_;
  OnFailure on_failure_;
  async::Event stop_;
  async::Event moved_;
  bool watching_ = false;
  std::map<std::pair<std::string, int>, Backend> backends_; ///< by service and host
};

} // namespace holdfast::run
