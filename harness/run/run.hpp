// Plays one plan: the only place that sees all of the harness, and the owner of its one loop.
#pragma once

#include "harness/bundle/bundle.hpp"
#include "harness/faults/step.hpp"
#include "harness/stack/network_lease.hpp"

#include <functional>
#include <map>

namespace holdfast::run {

namespace asio = boost::asio;

/// What to play: with the version of the harness, everything that a run depends on.
struct Plan {
  scenario::Scenario scenario;
  std::uint64_t seed = 1;
  std::vector<scenario::Setting> settings;
};

/// What a fake is made of.
struct FakeSetup {
  asio::any_io_executor executor;
  async::Clock& clock;
  const scenario::Dependency& dependency;
  std::filesystem::path directory; ///< its own; exists
  /// Told of everything that a fake books on behalf of a client: evidence for the checks.
  std::function<void(const std::map<std::string, std::string>& entry)> booked;
  /// Told of every good answer that a fake kept from a client on purpose.
  std::function<void(const std::string& peer, const std::string& route, const std::string& behaviour)> withheld;
};

/// What there is to play it with; filled by the command line.
struct Registry {
  using MakeFake = std::function<std::unique_ptr<link::Fake>(const FakeSetup&)>;
  std::map<std::string, faults::StepKind> steps;
  std::map<std::string, MakeFake> fakes;     ///< by protocol
  std::vector<scenario::CheckSchema> checks; ///< that scenarios may name

  [[nodiscard]] scenario::Catalog catalog() const;
};

struct Progress {
  std::string phase;
  std::string step; ///< in force
  history::Time elapsed{};
  double operations_per_second = 0;
  std::uint64_t operations = 0;
  std::uint64_t errors = 0;
};

struct Places {
  std::filesystem::path bundle;    ///< exists
  std::filesystem::path workspace; ///< exists, removed by somebody else
  const stack::NetworkLease& lease;
  history::Secrets& secrets;
  process::Surroundings surroundings; ///< with which the stack's processes start
};

/// What the servers of a run that was killed left outside of its workspace; returns what could not be removed.
std::vector<std::string> remove_server_remains(const std::filesystem::path& workspace);

/// Plays the plan into the bundle, until its end, SIGINT, SIGTERM or SIGHUP; nothing it started is left when it
/// returns. The manifest, which is in the bundle as well, says how it ended.
[[nodiscard]] bundle::Manifest play(const Plan& plan, const Registry& registry, const Places& places,
                                    const std::function<void(const Progress&)>& on_progress);

} // namespace holdfast::run
