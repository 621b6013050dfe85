// The links of one run: from services to dependencies, from users to services, from one service to another. And what
// stands behind them: fakes, which run in this process; servers that the run spawns; addresses of servers that others
// run.
#pragma once

#include "harness/history/bodies.hpp"
#include "harness/run/errors.hpp"
#include "harness/run/run.hpp"

namespace holdfast::run {

class Links {
public:
  struct Setup {
    asio::any_io_executor executor;
    async::Clock& clock;
    const Plan& plan;
    const Registry& registry;
    const Places& places;
    history::Recorder& recorder;
    history::Bodies& bodies;
    const stack::AddressPlan& addresses;
    std::function<void(std::exception_ptr)> on_failure; ///< a link cannot do its work
  };
  explicit Links(Setup setup);
  ~Links();

  /// Resolves the address of an external dependency, before `make`. Throws StackError.
  [[nodiscard]] asio::awaitable<void> find_external(const scenario::Dependency& dependency);
  /// Fakes, then every link. Throws EnvironmentError where an address is taken. `socket_of` is the Unix socket of a
  /// spawned server; empty: it listens at its address.
  void make(const std::function<std::string(const scenario::Dependency&)>& socket_of);
  void close();

  /// Null where there is none: "orders>bank" and "accounts" exist when a step names them.
  [[nodiscard]] link::Link* find(const std::string& name) const;
  /// Where a service on a host reaches what it needs; what `{link.NAME}` and its parts stand for.
  [[nodiscard]] std::optional<std::string> place_of_need(const std::string& service, int host,
                                                         std::string_view placeholder) const;
  /// Where users reach an instance.
  [[nodiscard]] stack::Place place_for_users(const stack::Instance& instance) const;
  /// The peers of a link that a step on these instances acts on; empty: all.
  [[nodiscard]] link::Peers peers(const link::Link& link, const scenario::InstanceSelection& selection,
                                  const std::vector<stack::Instance*>& instances) const;
  /// The instance at a connection of this peer: the peer itself; on a link from users, the one that serves them.
  [[nodiscard]] std::string instance_at(const link::Link& link, const std::string& peer) const;
  /// The password of the servers that the run spawns, where their command uses it: made for this run, known to its
  /// services alone.
  [[nodiscard]] const std::string& password() const { return password_; }

private:
  struct Way {
    link::Endpoint from;
    std::shared_ptr<link::Upstream> to;
  };
  void make_link(const std::string& name, const std::string& protocol, const std::vector<Way>& ways);
  void make_links_of(const scenario::Dependency& dependency, const std::string& socket);
  void make_links_of(const scenario::Service& service);
  [[nodiscard]] bool admits(const link::Ends& ends);

  Setup setup_;
  std::string password_;
  std::set<uid_t> admitted_; ///< users whose processes may connect
  std::map<std::string, std::unique_ptr<link::Fake>> fakes_;
  std::map<std::string, stack::Place> externals_;
  std::map<std::string, std::unique_ptr<link::Link>> links_;
};

} // namespace holdfast::run
