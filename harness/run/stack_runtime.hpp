// The stack of one run: dependencies, links, instances, and the routes of users to them.
#pragma once

#include "harness/history/bodies.hpp"
#include "harness/run/run.hpp"
#include "harness/workload/workload.hpp"

#include <fstream>

namespace holdfast::run {

/// A thing of the user's that does not work: the run ends with this sentence.
struct StackError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Something of this machine that the run cannot have: an address, a file.
struct EnvironmentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class StackRuntime final : public workload::Router, private stack::InstanceObserver {
public:
  StackRuntime(asio::any_io_executor executor, async::Clock& clock, const Plan& plan, const Registry& registry,
               const Places& places, history::Recorder& recorder);
  ~StackRuntime() override;

  /// Dependencies, links, then instances in start order. Throws StackError or EnvironmentError.
  [[nodiscard]] asio::awaitable<void> up();
  /// Every process of every instance and server is gone when this returns. `settle` is awaited between: links stay
  /// until then.
  [[nodiscard]] asio::awaitable<void> down(std::function<asio::awaitable<void>()> settle);
  /// Probes every instance until `stop_watching`, for routes and for the readiness check.
  [[nodiscard]] asio::awaitable<void> watch(stack::Instance& instance);
  void stop_watching();

  /// In start order, host by host.
  [[nodiscard]] std::vector<stack::Instance*> instances() const;
  [[nodiscard]] stack::Instance* instance(const std::string& name) const;
  /// The instances that a selection means, in start order. `that` is the peer of a gated connection.
  [[nodiscard]] std::vector<stack::Instance*> select(const scenario::InstanceSelection& selection,
                                                     const std::string& that) const;
  /// Users, services and dependencies are reached through links; "orders>bank" and "accounts" exist when a step names
  /// them.
  [[nodiscard]] link::Link* link(const std::string& name) const;
  /// The peers of a link that a step about these instances means; empty: all.
  [[nodiscard]] link::Peers peers(const link::Link& link, const scenario::InstanceSelection& selection,
                                  const std::vector<stack::Instance*>& instances) const;
  /// The instance at a connection of this peer: the peer itself; on a link from users, the one that serves them.
  [[nodiscard]] std::string instance_at(const link::Link& link, const std::string& peer) const;
  /// The bodies of messages on framed links; the timeline says when there is a strike, and when there is time to write.
  [[nodiscard]] history::Bodies& bodies() { return bodies_; }
  /// Every instance has the code and the configuration that the stack started with.
  [[nodiscard]] bool is_known_good() const;
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  [[nodiscard]] std::optional<workload::Route> route(const std::string& service, int host,
                                                     const std::string& failed) override;

private:
  struct Server {
    std::unique_ptr<process::Process> process;
    int stop_signal;
    std::shared_ptr<bool> logged; ///< what its log probe waits for
  };
  void process(const std::string& instance, const std::string& state, const std::string& detail) override;
  void config(const std::string& instance, const std::string& file, const std::string& hash, const std::string& release,
              const std::string& text) override;
  void probe(const std::string& instance, const stack::ProbeAnswer& answer) override;

  asio::awaitable<void> find_external(const scenario::Dependency& dependency);
  asio::awaitable<void> start_server(const scenario::Dependency& dependency);
  asio::awaitable<Server> spawn_server(const scenario::Dependency& dependency, const std::vector<std::string>& command);
  void make_links();
  struct Way {
    link::Endpoint from;
    std::shared_ptr<link::Upstream> to;
  };
  void make_link(const std::string& name, const std::string& protocol, const std::vector<Way>& ways);
  void make_links_of(const scenario::Dependency& dependency);
  void make_links_of(const scenario::Service& service);
  void make_instances();
  asio::awaitable<void> start_instance(stack::Instance& instance);
  [[nodiscard]] bool is_named(const std::string& link) const;
  [[nodiscard]] std::optional<std::string> place_of_need(const std::string& service, int host,
                                                         std::string_view name) const;

  asio::any_io_executor executor_;
  async::Clock& clock_;
  const Plan& plan_;
  const Registry& registry_;
  const Places& places_;
  history::Recorder& recorder_;
  history::Bodies bodies_;
  stack::AddressPlan addresses_;
  stack::ConfigWatch watch_;
  async::Event stop_;
  bool watching_ = true;
  std::map<std::string, std::unique_ptr<link::Fake>> fakes_;
  std::vector<Server> servers_;
  std::map<std::string, stack::Place> externals_;
  std::map<std::string, std::unique_ptr<link::Link>> links_;
  std::vector<std::unique_ptr<stack::Instance>> instances_;
  std::map<std::pair<std::string, int>, stack::Instance*> by_place_;
  std::vector<std::string> warnings_;
  std::map<std::string, std::string> good_hashes_; ///< configuration at stack up, by instance
};

} // namespace holdfast::run
