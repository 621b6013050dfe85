#include "harness/cli/registry.hpp"

#include "fakes/postgres/postgres.hpp"
#include "fakes/redis/redis.hpp"

namespace holdfast::cli {

namespace asio = boost::asio;

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
  registry.fakes["redis"] = [](asio::any_io_executor, async::Clock& clock,
                               const std::filesystem::path&) -> std::unique_ptr<link::Fake> {
    return std::make_unique<fakes::RedisFake>(clock);
  };
  registry.fakes["postgres"] = [](asio::any_io_executor executor, async::Clock& clock,
                                  const std::filesystem::path& directory) -> std::unique_ptr<link::Fake> {
    return std::make_unique<fakes::PostgresFake>(std::move(executor), clock, directory);
  };
  return registry;
}

} // namespace holdfast::cli
