#include "harness/cli/registry.hpp"

#include "fakes/http/http.hpp"
#include "fakes/postgres/postgres.hpp"
#include "fakes/redis/redis.hpp"

namespace holdfast::cli {

run::Registry make_registry() {
  run::Registry registry;
  for (auto kind :
       {faults::kill_kind(), faults::stop_kind(), faults::restart_kind(), faults::pause_kind(), faults::deploy_kind(),
        faults::rollback_kind(), faults::config_set_kind(), faults::config_unset_kind(), faults::config_rename_kind(),
        faults::refuse_kind(), faults::hang_kind(), faults::reset_kind(), faults::latency_kind(),
        faults::drop_reply_kind(), faults::error_kind()}) {
    const auto name = kind.schema.name;
    registry.steps.emplace(name, std::move(kind));
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
