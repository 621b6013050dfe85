// The one place where kinds of steps, checks and fakes come together. The runner is given them by their names and knows
// none of them; kinds and checks are listed in their own rooms.
#include "harness/cli/registry.hpp"

#include "fakes/http/http.hpp"
#include "fakes/postgres/postgres.hpp"
#include "fakes/redis/redis.hpp"
#include "harness/checks/check.hpp"

namespace holdfast::cli {

run::Registry make_registry() {
  run::Registry registry;
  for (auto& kind : faults::all_kinds()) {
    const auto name = kind.schema.name;
    registry.steps.emplace(name, std::move(kind));
  }
  for (const auto& check : checks::all_checks()) {
    auto& schema = registry.checks.emplace_back();
    schema = {.name = std::string(check.name), .survives = check.of_records, .declares = check.declares};
    for (const auto& kind : check.kinds)
      schema.kinds.emplace_back(kind.name);
  }
  registry.fakes["redis"] = [](const run::FakeSetup& setup) { return std::make_unique<fakes::RedisFake>(setup.clock); };
  registry.fakes["postgres"] = [](const run::FakeSetup& setup) {
    return std::make_unique<fakes::PostgresFake>(setup.executor, setup.clock);
  };
  registry.fakes["http"] = [](const run::FakeSetup& setup) {
    return std::make_unique<fakes::HttpFake>(setup.clock, setup.dependency.script, setup.booked, setup.withheld);
  };
  return registry;
}

} // namespace holdfast::cli
