// The stack of one run: dependencies, links, instances, and who supervises them.
#pragma once

#include "harness/run/links.hpp"
#include "harness/run/router.hpp"

namespace holdfast::run {

class StackRuntime final : private stack::InstanceObserver {
public:
  StackRuntime(asio::any_io_executor executor, async::Clock& clock, const Plan& plan, const Registry& registry,
               const Places& places, history::Recorder& recorder);
  ~StackRuntime() override;

  /// Dependencies, links, then instances in start order. Throws StackError or EnvironmentError.
  [[nodiscard]] asio::awaitable<void> up();
  /// Every process of every instance and server is gone when this returns. Instances go first, then `settle` is
  /// awaited, which returns when no step is at work any more. Servers and links stay until then.
  [[nodiscard]] asio::awaitable<void> down(std::function<asio::awaitable<void>()> settle);
  /// A value of a configuration as it may be shown: a mark where its key is the name of a secret.
  [[nodiscard]] std::string shown(const std::string& key, const std::string& value) const;
  /// Returns only by throwing what makes the stack's own machinery unable to go on: a killed shim, a link without
  /// descriptors.
  [[nodiscard]] asio::awaitable<void> until_failure();

  /// Of services, in start order, host by host.
  [[nodiscard]] std::vector<stack::Instance*> instances() const;
  [[nodiscard]] stack::Instance* instance(const std::string& name) const;
  /// The instances that a selection means, in start order. `that` is the peer of a gated connection.
  [[nodiscard]] std::vector<stack::Instance*> select(const scenario::InstanceSelection& selection,
                                                     const std::string& that) const;
  [[nodiscard]] Links& links() { return links_; }
  [[nodiscard]] Router& router() { return router_; }
  /// The bodies of messages on framed links. The timeline tells them when a step strikes, and writes them to disk when
  /// no operation is open that this would delay.
  [[nodiscard]] history::Bodies& bodies() { return bodies_; }
  /// Every instance has the code and the configuration that the stack started with.
  [[nodiscard]] bool is_known_good() const;
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  /// Asked before a supervisor starts an instance again: true while a step is at work on it, which then has it for
  /// itself. Set by the timeline.
  std::function<bool(const stack::Instance&)> is_in_a_step = [](const stack::Instance&) { return false; };

private:
  void process(const history::ProcessEvent& event) override;
  void config(const history::ConfigEvent& event, const std::string& text) override;
  void probe(const std::string& instance, const stack::ProbeAnswer& answer) override;
  std::string masked(std::string_view line) override;
  void ended_unasked(stack::Instance& instance) override;
  void lost(stack::Instance& instance, const std::string& why) override;

  void fail(std::exception_ptr failure);
  void make_servers();
  void make_instances();
  [[nodiscard]] std::string socket_of(const scenario::Dependency& dependency) const;
  asio::awaitable<void> start_server(stack::Instance& server);
  asio::awaitable<void> start_instance(stack::Instance& instance);
  asio::awaitable<void> watch(stack::Instance& instance);
  asio::awaitable<void> supervise(stack::Instance& instance, scenario::Supervisor supervisor);
  [[nodiscard]] stack::Instance::Setup setup_of(stack::Unit unit, stack::Place place,
                                                const std::filesystem::path& directory, scenario::Lookup lookup);

  asio::any_io_executor executor_;
  async::Clock& clock_;
  const Plan& plan_;
  const Places& places_;
  history::Recorder& recorder_;
  history::Bodies bodies_;
  stack::AddressPlan addresses_;
  stack::ConfigWatch watch_;
  async::Event stop_;
  async::Event failed_;
  std::exception_ptr failure_;
  Links links_;
  Router router_;
  bool watching_ = true;
  std::map<std::string, scenario::ServiceRelease> server_code_; ///< of spawned dependencies
  std::vector<std::unique_ptr<stack::Instance>> servers_;
  std::vector<std::unique_ptr<stack::Instance>> instances_;
  std::vector<std::string> warnings_;
  std::map<std::string, std::string> good_hashes_; ///< configuration at stack up, by instance
};

} // namespace holdfast::run
