// Many runs: which, how many at a time, and when to stop. Each run is a worker process of its own.
#pragma once

#include "harness/run/run.hpp"
#include "harness/verdict/verdict.hpp"

#include <functional>
#include <memory>

namespace holdfast::cli {

/// One run that is to be. Many share a scenario.
struct Planned {
  std::shared_ptr<const scenario::Scenario> scenario;
  std::uint64_t seed = 1;
};

struct CampaignOptions {
  std::filesystem::path out;               ///< where bundles go
  std::size_t jobs = 1;                    ///< runs at a time
  bool fail_fast = false;                  ///< begin none after one that did not pass
  bool quiet = false;                      ///< no progress of single runs
  bool keep_secrets = false;               ///< bundles hold them as they are
  std::vector<scenario::Setting> settings; ///< with which the scenarios were loaded
};

struct Campaign {
  std::vector<verdict::Report> reports; ///< in the order of the plans; of plans that were not begun there is none
  bool interrupted = false;             ///< somebody asked for its end before it had come
};

/// Plays the plans and judges each. `on_report` sees each report as it comes.
[[nodiscard]] Campaign play_campaign(const std::vector<Planned>& plans, const run::Registry& registry,
                                     const CampaignOptions& options,
                                     const std::function<void(const verdict::Report&)>& on_report);

} // namespace holdfast::cli
